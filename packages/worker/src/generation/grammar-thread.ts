/** Entry point of the thread that turns schemas into grammars, which takes up to a second. */
import { messageOf } from "@drover/foundation/error-text";
import { parentPort } from "node:worker_threads";
import { RequestError } from "../errors.ts";
import { compileGrammar } from "./output-grammar.ts";
import type { CompileMessage, CompileReply } from "./grammar-compiler.ts";

parentPort?.on("message", ({ id, format, constraint }: CompileMessage) => {
  parentPort?.postMessage({ id, ...resultOf(() => compileGrammar(format, constraint)) } satisfies CompileReply);
});

function resultOf(compile: () => ReturnType<typeof compileGrammar>) {
  try {
    return { compiled: compile() };
  } catch (error) {
    if (error instanceof RequestError) return { refused: { message: error.message, refusal: error.refusal } };
    return { failed: messageOf(error) };
  }
}
