import { resolve } from "node:path";
import { plural } from "@drover/foundation/texts";
import { callAdmin } from "@drover/supervisor/admin";
import type { ReloadReport } from "@drover/supervisor/application";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

export const reload: Command = {
  settings: ADMIN_SETTINGS,
  flags: {
    model: { type: "text", alias: "m", doc: "Serve this model from now on" },
    json: { type: "switch", doc: "Print what has changed, as JSON" },
  },
  examples: [["drover reload --model better.gguf", "roll the workers to another model, one by one"]],
  run: async (invocation) => {
    const model = invocation.text("model");
    const query = model === undefined ? "" : `?model=${encodeURIComponent(await absolute(model))}`;
    const report = await callAdmin<ReloadReport>(findAdmin(invocation), "POST", `/reload${query}`);
    invocation.stdout.write(`${invocation.isOn("json") ? JSON.stringify(report) : describe(report)}\n`);
    return 0;
  },
};

/** The running drover may have another working directory. */
async function absolute(model: string): Promise<string> {
  const { resolveModelSource } = await import("@drover/models");
  const source = resolveModelSource(model);
  return source.type === "path" ? resolve(source.path) : model;
}

function describe({ changed, needRestart, scaled }: ReloadReport): string {
  const sentences = [changed.length === 0 ? "Reloaded; no setting has changed." : `Reloaded: ${changed.join(", ")}.`];
  if (needRestart.length > 0) sentences.push(`Only a restart of drover applies ${needRestart.join(", ")}.`);
  if (scaled !== undefined)
    sentences.push(
      `Still ${plural(scaled.workers, "worker")}, as drover scale asked; the configuration says ${scaled.configured}.`,
    );
  return sentences.join(" ");
}
