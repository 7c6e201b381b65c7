import { existsSync } from "node:fs";
import { systemClock } from "@drover/foundation/clock";
import { SupervisorError } from "@drover/supervisor/errors";
import type { Command, NamedCommand } from "../line/command.ts";
import { fetchHere } from "../terminal/fetch-here.ts";
import { showModel } from "../terminal/model-sheet.ts";

const info: NamedCommand = {
  usage: "info <file>",
  summary: "Show what a GGUF file holds and what a worker needs to serve it",
  settings: [
    "maxDownload",
    "workers.slots",
    "workers.context",
    "workers.batch",
    "workers.kvType",
    "workers.flashAttention",
  ],
  arguments: { file: { doc: "Path of a GGUF file, `demo`, or an address as for --model (fetched if it is not here)" } },
  flags: { json: { type: "switch", doc: "Print JSON" } },
  run: async (invocation) => {
    const { readModelInfo } = await import("@drover/models");
    const { needOf } = await import("@drover/supervisor/placement");
    const { path } = await fetchHere(invocation, invocation.text("file") ?? "");
    const model = await readModelInfo(path);
    const memory = needOf(invocation.settings().settings, model, process.arch);
    const { tensors: _tensors, ...facts } = model;
    const text = invocation.isOn("json") ? JSON.stringify({ ...facts, memory }) : showModel(model, memory);
    invocation.stdout.write(`${text}\n`);
    return 0;
  },
};

const pull: NamedCommand = {
  usage: "pull <model>",
  summary: "Fetch a model into the cache and print its path",
  settings: ["maxDownload"],
  arguments: { model: { doc: "hf:ORG/REPO:Q4_K_M, hf:ORG/REPO/FILE.gguf, the same with ms:, or https://…" } },
  examples: [["drover model pull hf:bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "fetch it before it is needed"]],
  run: async (invocation) => {
    invocation.stdout.write(`${(await fetchHere(invocation, invocation.text("model") ?? "")).path}\n`);
    return 0;
  },
};

const synth: NamedCommand = {
  usage: "synth <preset> <out>",
  summary: "Write a GGUF file with a published model's shapes and random weights, to size a machine with",
  arguments: {
    preset: { doc: "Whose shapes: tiny, tiny-152k, qwen2.5-0.5b, llama-3.2-1b, deepseek-r1-distill-qwen-1.5b" },
    out: { doc: "File to write" },
  },
  flags: {
    quant: {
      type: "text",
      default: "q4_0",
      choices: ["q4_0", "q4_k_m", "q8_0", "f16"],
      doc: "Encoding of the weights",
    },
    force: { type: "switch", doc: "Overwrite the file; without it one that exists is kept" },
    pure: {
      type: "switch",
      doc: "One encoding for all matrices, as llama-quantize --pure; by itself the output matrix gets more bits",
    },
  },
  examples: [
    ["drover model synth qwen2.5-0.5b /tmp/m.gguf --quant q4_k_m", "the cost of the real one, saying nonsense"],
  ],
  run: async (invocation) => {
    const { writeSyntheticModel } = await import("@drover/models");
    const { createProgress } = await import("../terminal/progress.ts");
    const out = invocation.text("out") ?? "";
    if (existsSync(out) && !invocation.isOn("force")) {
      throw new SupervisorError("usage", `${out} exists already; choose another name, or overwrite it with --force`);
    }
    const { stderr } = invocation;
    const progress = createProgress(stderr, (text) => void stderr.write(text), systemClock);
    try {
      await writeSyntheticModel(invocation.text("preset") ?? "", out, invocation.text("quant") ?? "q4_0", {
        onProgress: progress.transfer("writing").onProgress,
        pure: invocation.isOn("pure"),
      });
    } finally {
      progress.end();
    }
    invocation.stdout.write(`${out}\n`);
    return 0;
  },
};

export const model: Command = {
  subcommands: [info, pull, synth],
};
