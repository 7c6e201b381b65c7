/** Entry point of the process that does with texts and grammars of clients what a worker could die of. Its one argument is the model's path. */
import { systemClock } from "@drover/foundation/clock";
import type { TextKind } from "./engine.ts";
import { loadLlamaTokenizer } from "./llama-engine.ts";
import { processCpuMs, type VocabularyGrammar } from "./vocabulary-grammar.ts";

export type ApartTask =
  | { readonly kind: "tokenize"; readonly text: string; readonly textKind: TextKind }
  | { readonly kind: "try-grammar"; readonly gbnf: string }
  | GrammarTask;

/** Of a grammar that is open under an id; a process that does not know the id says `unknown`. */
export type GrammarTask =
  | { readonly kind: "open"; readonly id: number; readonly gbnf: string; readonly taken: readonly number[] }
  /** Takes the token if the grammar allows it. */
  | { readonly kind: "take-if-allowed"; readonly id: number; readonly token: number }
  | { readonly kind: "take"; readonly id: number; readonly token: number }
  /** Which tokens are allowed, from this one on; as many of them as are tried within a few milliseconds. */
  | { readonly kind: "allowed"; readonly id: number; readonly from: number }
  | { readonly kind: "close"; readonly id: number };

export type ApartReply =
  /** The model is loaded. */
  | { readonly ready: true }
  | { readonly tokens: Uint32Array }
  | { readonly ms: number }
  | { readonly refused: string }
  | { readonly unknown: true }
  | { readonly done: true }
  | { readonly isAllowed: boolean }
  /** A byte for each token: 1 is allowed. `cpuMs`: what it took. */
  | { readonly allowed: Uint8Array; readonly isLast: boolean; readonly cpuMs: number };

/** After so long another task may have its turn. */
const SLICE_MS = 10;

// As in the worker: without a listener it opens Node's debugger.
if (process.env["DROVER_DEBUG"] !== "1") process.on("SIGUSR1", () => {});

const [modelPath = ""] = process.argv.slice(2);
const tokenizer = await loadLlamaTokenizer(modelPath);
const grammars = new Map<number, VocabularyGrammar>();
process.on("message", (task: ApartTask) => process.send?.(replyTo(task)));
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true } satisfies ApartReply);

function replyTo(task: ApartTask): ApartReply {
  try {
    if (task.kind === "tokenize") return { tokens: Uint32Array.from(tokenizer.tokenize(task.text, task.textKind)) };
    if (task.kind === "try-grammar") return { ms: tokenizer.firstTokenMs(task.gbnf) };
    return replyOfGrammar(task);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

function replyOfGrammar(task: GrammarTask): ApartReply {
  if (task.kind === "open") {
    const opened = tokenizer.openGrammar(task.gbnf);
    for (const token of task.taken) opened.take(token);
    grammars.set(task.id, opened);
    return { done: true };
  }
  if (task.kind === "close") {
    grammars.delete(task.id);
    return { done: true };
  }
  const grammar = grammars.get(task.id);
  if (grammar === undefined) return { unknown: true };
  if (task.kind === "allowed") return allowedFrom(grammar, task.from);
  const isAllowed = task.kind === "take" || grammar.allows(task.token);
  if (isAllowed) grammar.take(task.token);
  return { isAllowed };
}

function allowedFrom(grammar: VocabularyGrammar, from: number): ApartReply {
  const startMs = systemClock.monotonicMs();
  const fromCpuMs = processCpuMs();
  const { vocabularySize } = tokenizer;
  const allowed = new Uint8Array(vocabularySize - from);
  let token = from;
  while (token < vocabularySize && systemClock.monotonicMs() - startMs < SLICE_MS) {
    allowed[token - from] = grammar.allows(token) ? 1 : 0;
    token += 1;
  }
  const cpuMs = processCpuMs() - fromCpuMs;
  return { allowed: allowed.slice(0, token - from), isLast: token === vocabularySize, cpuMs };
}
