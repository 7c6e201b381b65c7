import { parseRange, RANGE_PATTERN } from "@drover/foundation/ranges";
import { autoOffOrSize, autoOrInteger, duration, flag, oneOf, size, text, whole, type Zod } from "../setting-values.ts";
import type { Setting } from "../setting.ts";

export const MOST_WORKERS = 1024;

/** What is served, and by how many workers. */
export const workersSettings = [
  {
    path: "model",
    schema: text(),
    default: "demo",
    flag: "model",
    alias: "m",
    reload: "roll",
    doc: "GGUF file to serve: a path, `demo`, `hf:org/repo/file.gguf`, `hf:org/repo:Q4_K_M`, `ms:org/repo/file.gguf` or a https:// address.",
  },
  {
    path: "maxDownload",
    schema: size(),
    default: "64GiB",
    flag: "max-download",
    reload: "live",
    doc: "Longest file that is downloaded as a model or a part of one; a download ends where its server says that it is longer, or sends more.",
  },
  {
    path: "workers.count",
    schema: workerCount,
    default: "auto",
    flag: "workers",
    alias: "w",
    reload: "roll",
    doc: "Worker processes. `auto` decides from the CPUs and memory at hand; `1..4` scales with the load.",
  },
  {
    path: "workers.threads",
    schema: autoOrInteger(1),
    default: "auto",
    flag: "threads",
    alias: "t",
    reload: "roll",
    doc: "Threads, and so CPUs, of each worker. `auto` shares out the physical cores; see `drover plan`.",
  },
  {
    path: "workers.slots",
    schema: autoOrInteger(1),
    default: "auto",
    flag: "slots",
    alias: "s",
    reload: "roll",
    doc: "Requests that one worker generates at a time, batched into one decode. `auto` is 24 where CPUs follow the load and half of the memory stays free, else 16 or 8.",
  },
  {
    path: "workers.context",
    schema: autoOrInteger(64),
    default: "auto",
    unit: "tokens",
    flag: "ctx",
    alias: "c",
    reload: "roll",
    doc: "Context of one slot: prompt and response together. `auto` is the model's own, at most 4096.",
  },
  {
    path: "workers.firstPort",
    schema: whole(1, 65535),
    default: 8081,
    flag: "worker-port",
    reload: "roll",
    doc: "Port of the first worker on 127.0.0.1; the others follow. A port in use is skipped.",
  },
  {
    path: "workers.command",
    schema: text(),
    default: undefined,
    flag: "worker-command",
    reload: "roll",
    doc: "Run this command as the worker instead of Drover's own. `{port} {threads} {cpus} {model} {index}` are filled in.",
  },
  {
    path: "workers.pin",
    schema: flag(),
    default: true,
    flag: "pin",
    reload: "roll",
    doc: "Pin each worker to its own CPUs (Linux).",
  },
  {
    path: "workers.elastic",
    schema: oneOf("on", "off"),
    default: "on",
    flag: "elastic",
    reload: "roll",
    doc: "Lease CPUs to the workers that have something to compute, as the load changes: one request has all CPUs of its NUMA node. `off`, a number of `threads` and a worker command leave each worker on its own CPUs.",
  },
  {
    path: "workers.longestPause",
    schema: duration(),
    default: "1500ms",
    flag: "longest-pause",
    formerly: { path: "workers.itlTarget", flag: "itl-target-ms" },
    worker: "longestPauseMs",
    reload: "roll",
    doc: "Longest time that running responses pause while new prompts are read; a third more where that completes a prompt. Shorter: they flow more evenly, and newcomers wait longer.",
  },
  {
    path: "workers.batch",
    schema: whole(32, 65536),
    default: 512,
    unit: "tokens",
    flag: "batch",
    worker: "batchTokens",
    reload: "roll",
    doc: "Most tokens in one decode.",
  },
  {
    path: "workers.flashAttention",
    schema: oneOf("auto", "on", "off"),
    default: "auto",
    flag: "flash-attention",
    worker: "flashAttention",
    reload: "roll",
    doc: "Use llama.cpp's flash attention: `auto` is on, since long prompts are read a fifth faster. With `off` a seed gives the same text whatever else a worker computes.",
  },
  {
    path: "workers.kvType",
    schema: oneOf("f16", "q8_0", "q4_0"),
    default: "f16",
    flag: "kv-type",
    worker: "kvType",
    reload: "roll",
    doc: "Type of the KV cache; q8_0 halves its memory.",
  },
  {
    path: "workers.readAhead",
    schema: oneOf("on", "off"),
    default: "on",
    flag: "read-ahead",
    worker: "readAhead",
    reload: "roll",
    doc: "Read what a chat's next turn will begin with as soon as its response has ended, while nobody needs the time: the next question then waits for its own tokens only.",
  },
  {
    path: "workers.speculate",
    schema: oneOf("off", "lookup"),
    default: "off",
    flag: "speculate",
    worker: "speculate",
    reload: "roll",
    doc: "Guess tokens from the text so far and check several in one step. Helps where responses repeat the prompt.",
  },
  {
    path: "workers.snapshots",
    schema: autoOffOrSize(),
    default: "auto",
    flag: "snapshots",
    reload: "roll",
    doc: "Memory for KV snapshots: the states of ended requests, as files in /dev/shm, from which any worker continues; running streams outlive their workers by it too. A size for all workers together, `auto` (at most an eighth of the memory; see `drover plan`), or `off`.",
  },
  {
    path: "workers.embeddings",
    schema: flag(),
    default: false,
    flag: "embeddings",
    worker: "embeddings",
    reload: "roll",
    doc: "Load the model for /v1/embeddings.",
  },
  {
    path: "strict",
    schema: flag(),
    default: false,
    flag: "strict",
    reload: "restart",
    doc: "Refuse to start where Drover would only warn, such as more threads than CPUs.",
  },
] as const satisfies readonly Setting[];

function workerCount(z: Zod) {
  const error = { error: `a whole number from 1 to ${MOST_WORKERS}, "auto", or a range such as 1..4` };
  const range = z.string().regex(RANGE_PATTERN, error).refine(isCount, error);
  return z.union([z.literal("auto"), whole(1, MOST_WORKERS)(z), range], error);
}

/** Whether a range such as `1..4` has workers from 1 to {@link MOST_WORKERS}. */
function isCount(text: string): boolean {
  const range = parseRange(text);
  return range !== undefined && range.min >= 1 && range.max <= MOST_WORKERS;
}
