import { existsSync } from "node:fs";
import { join } from "node:path";
import { keepingHome } from "@drover/foundation/files/user-folders";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import type { Command, Invocation } from "../line/command.ts";
import { keyFlag, keyOfStarted } from "../measuring/key-to-send.ts";
import { loadFlags, loadRequest } from "../measuring/load-flags.ts";
import { explained, publish, underWay } from "../measuring/measurement.ts";

export const tune: Command = {
  settings: ["model", "workers.context"],
  flags: {
    ...loadFlags,
    ...keyFlag,
    slo: { type: "text", doc: "Only configurations that meet this target can win, such as p95<10s" },
    for: { type: "text", doc: "Longest time for the search (5m)" },
    twin: {
      type: "text",
      doc: "Measure a synthetic model of these shapes: PRESET or PRESET:QUANTIZATION (see `drover model synth`)",
    },
    out: { type: "text", doc: "File to write the settings to (drover.yaml); an existing one is kept unless --force" },
    force: { type: "switch", doc: "Overwrite the file of --out" },
    partial: {
      type: "switch",
      doc: "Write the best so far where the search is interrupted; by itself nothing is written",
    },
    json: { type: "switch", doc: "Print the report as JSON" },
    html: { type: "text", doc: "Write one self-contained page with what was tried to this file" },
  },
  examples: [
    ["drover tune --model m.gguf --preset chat --users 16 --for 10m", "for 16 users who chat"],
    [
      "drover tune --model hf:org/DeepSeek-R1-Distill-Qwen-1.5B-GGUF:Q4_0",
      "by its synthetic twin; nothing is downloaded",
    ],
  ],
  run: (invocation) => explained(() => runCommand(invocation)),
};

async function runCommand(invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  const out = invocation.text("out") ?? "drover.yaml";
  const html = invocation.text("html");
  const force = invocation.isOn("force");
  if (existsSync(out) && !force)
    throw new SupervisorError(
      "usage",
      `${out} is there already; give another file with --out, or --force to replace it`,
    );
  for (const file of html === undefined ? [out] : [out, html]) lib.requireWritable(file);
  const request = await loadRequest(invocation);
  const { settings } = invocation.settings();
  const apiKey = await keyOfStarted(invocation);
  const served = await servedModel(settings.model, invocation);
  const limit = invocation.text("for") ?? "5m";
  const limitMs = lib.parseDuration("--for", limit);
  invocation.stderr.write(`Searching for at most ${limit}; --for sets that.\n`);
  const report = await underWay(invocation, (surroundings) =>
    lib.runTune({
      ...request,
      ...surroundings,
      apiKey,
      bin: process.argv[1] ?? "",
      args: [`--model=${served.path}`, `--ctx=${settings.workers.context}`],
      model: served.name,
      limitMs,
      onStanding: ({ name, throughput, unfit }, phase) =>
        void invocation.stderr.write(
          `${phase}: ${name}: ${unfit?.split("\n")[0] ?? `${throughput?.value.toFixed(1)} tokens/s`}\n`,
        ),
    }),
  );
  const isWritten = !report.interrupted || invocation.isOn("partial");
  if (isWritten) lib.writeReport(out, lib.configText(report, settings.model));
  await publish(report, invocation, { table: lib.tuneTable, page: lib.tunePage });
  invocation.stderr.write(
    isWritten
      ? `${out} is written; drover up reads it in this folder.\n`
      : `The search was interrupted, so ${out} was not written; --partial writes the best so far.\n`,
  );
  return isWritten ? 0 : 1;
}

/** The model itself where it is here, fetched before or as a file; else its synthetic twin, made once and kept. */
async function servedModel(model: string, invocation: Invocation): Promise<{ path: string; name: string }> {
  const wanted = invocation.text("twin");
  if (wanted === undefined) {
    const { findPrepared } = await import("@drover/supervisor/application");
    const path = await findPrepared(model, invocation.environment);
    if (path !== undefined) return { path, name: model };
  }
  const { twinOf } = await import("@drover/bench");
  const twin = twinOf(wanted ?? model);
  if (twin === undefined)
    throw new SupervisorError(
      "usage",
      `${wanted ?? model} is no file here, and no synthetic twin of it is known; give the model's file, or the twin's preset with --twin`,
    );
  const { modelCacheDir, writeSyntheticModel } = await import("@drover/models");
  const path = join(modelCacheDir(invocation.environment, keepingHome()), `${twin.preset}.${twin.quantization}.gguf`);
  const name = `the synthetic twin ${twin.preset} in ${twin.quantization}`;
  if (existsSync(path)) return { path, name };
  invocation.stderr.write(`Writing ${name} to ${path}; nothing is downloaded.\n`);
  await writeSyntheticModel(twin.preset, path, twin.quantization);
  return { path, name };
}
