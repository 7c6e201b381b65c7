/** Entry point of the process that does with texts and grammars of clients what a worker could die of. Its one argument is the model's path. */
import { loadLlamaTokenizer } from "./llama-engine.ts";

export type ApartTask =
  | { readonly kind: "tokenize"; readonly text: string; readonly special: boolean }
  | { readonly kind: "grammar"; readonly gbnf: string };

export type ApartReply =
  /** The model is loaded. */
  { readonly ready: true } | { readonly tokens: Uint32Array } | { readonly ms: number } | { readonly refused: string };

// As in the worker: unheard, it opens Node's debugger.
if (process.env["DROVER_DEBUG"] !== "1") process.on("SIGUSR1", () => {});

const [modelPath = ""] = process.argv.slice(2);
const tokenizer = await loadLlamaTokenizer(modelPath);
process.on("message", (task: ApartTask) => process.send?.(replyTo(task)));
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true } satisfies ApartReply);

function replyTo(task: ApartTask): ApartReply {
  if (task.kind === "tokenize") return { tokens: Uint32Array.from(tokenizer.tokenize(task.text, task.special)) };
  try {
    return { ms: tokenizer.grammarMs(task.gbnf) };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}
