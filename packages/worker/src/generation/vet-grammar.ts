import { invalid, WorkerError } from "../errors.ts";
import type { GrammarSpec } from "../generation-contract.ts";

/** Tries a grammar in a process that may die of it. */
export type TryGrammar = (gbnf: string) => Promise<{ readonly ms: number } | { readonly refused: string }>;

/** Limit for the first token under a client's grammar: all slots wait for each other's tokens. */
const MOST_FIRST_TOKEN_MS = 300;

/**
 * A client's own grammar, once it is certain that llama.cpp reads it and is quick about it.
 *
 * @throws RequestError 400
 */
export async function vetGrammar(tryGrammar: TryGrammar | undefined, gbnf: string): Promise<GrammarSpec> {
  if (tryGrammar === undefined) return { gbnf, isForeign: true };
  const tried = await tryGrammar(gbnf).catch((error: unknown) => {
    if (error instanceof WorkerError && error.code === "tokenizer_died") return { refused: error.message };
    throw error;
  });
  if ("refused" in tried) throw refused(`llama.cpp can't use it (${tried.refused})`);
  if (tried.ms > MOST_FIRST_TOKEN_MS) {
    throw refused(
      `its first token takes ${Math.round(tried.ms)} ms, and may take ${MOST_FIRST_TOKEN_MS}; it has too many alternatives`,
    );
  }
  return { gbnf, isForeign: true };
}

function refused(why: string) {
  return invalid("grammar", why, "unsupported_grammar");
}
