/** Entry point of the process that tokenizes texts of which a worker could die. Its one argument is the model's path. */
import { loadLlamaTokenizer } from "./llama-engine.ts";

export interface TokenizeMessage {
  readonly text: string;
  readonly special: boolean;
}

const [modelPath = ""] = process.argv.slice(2);
const tokenize = await loadLlamaTokenizer(modelPath);
process.on("message", ({ text, special }: TokenizeMessage) => {
  process.send?.(Uint32Array.from(tokenize(text, special)));
});
process.on("disconnect", () => process.exit(0));
