import type { Command } from "../line/command.ts";
import { fetchHere } from "../terminal/fetch-here.ts";
import { columnsOf } from "../terminal/columns.ts";

export const plan: Command = {
  settings: [
    "model",
    "workers.count",
    "workers.threads",
    "workers.elastic",
    "workers.slots",
    "workers.context",
    "workers.batch",
    "workers.kvType",
    "workers.flashAttention",
    "workers.snapshots",
    "strict",
  ],
  flags: { json: { type: "switch", doc: "Print JSON" } },
  examples: [
    ["drover plan --model m.gguf", "what `drover up --model m.gguf` would do here"],
    ["drover plan --model m.gguf --workers 4 --ctx 16384 --json", "for scripts"],
  ],
  run: async (invocation) => {
    const { settings } = invocation.settings();
    const { readModelInfo } = await import("@drover/models");
    const { missingHere } = await import("@drover/supervisor/application");
    const { drawPlan, makePlan, readTopology, refusal } = await import("@drover/supervisor/placement");
    const { hasProgram } = await import("@drover/supervisor/process");
    const { sharedMemoryForNext } = await import("@drover/supervisor/snapshots");
    const { loadText, planLoadOf } = await import("@drover/supervisor/leases");
    const { path } = await fetchHere(invocation, settings.model);
    const made = makePlan(readTopology(), settings, await readModelInfo(path), sharedMemoryForNext());
    const refused = refusal(made);
    const load = await planLoadOf(made, settings, path);
    // What snapshots lack stands in the plan itself.
    const missing = missingHere(settings, hasProgram, undefined);
    const isHeld = settings.workers.pin && hasProgram("taskset");
    if (invocation.isOn("json")) {
      const { name, quantization } = made.model;
      const facts = { ...made, model: { path, name, quantization }, load: load ?? null, isHeld, missing };
      invocation.stdout.write(`${JSON.stringify({ ...facts, refused: refused ?? null })}\n`);
    } else {
      const columns = columnsOf(invocation.stdout);
      invocation.stdout.write(drawPlan(made, { columns, load: load && loadText(load, isHeld), isHeld, missing }));
    }
    return refused !== undefined || (settings.strict && made.layout.warnings.length > 0) ? 2 : 0;
  },
};
