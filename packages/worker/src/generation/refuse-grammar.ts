import { badField, invalid, RequestError, TooManySlowGrammars, WorkerError } from "../errors.ts";
import type { GrammarSpec } from "../generation-contract.ts";
import { crowdedRule } from "../json-schema/grammar/crowded-rule.ts";

/** What a generation keeps to, and the bytes of its tokens so far. */
export interface HeldText {
  readonly grammar: GrammarSpec;
  readonly written: Uint8Array[];
}

/**
 * What a client is told of a grammar with which llama.cpp could not go on: which part of its schema that was.
 *
 * @returns undefined: the error is not the grammar's
 */
export function grammarRefusal(error: Error | undefined, held: HeldText | undefined): RequestError | undefined {
  if (!(error instanceof WorkerError) || held === undefined) return undefined;
  if (error instanceof TooManySlowGrammars) return tooMany(error);
  if (error.code !== "grammar_too_slow" && error.code !== "bad_grammar") return undefined;
  const why =
    error.code === "grammar_too_slow"
      ? "llama.cpp takes too long for a token there, it has too many alternatives; make it simpler"
      : "it is too much for llama.cpp's grammars; make it smaller";
  if (held.grammar.isForeign === true) return invalid("grammar", why, "unsupported_grammar");
  const place = placeOf(held);
  return badField(place ?? null, `Unsupported schema${place ? ` at '${place}'` : ""}: ${why}.`, "unsupported_schema");
}

function tooMany({ message, code, retryAfterMs }: TooManySlowGrammars): RequestError {
  const what = `The grammar of this response is slow, and ${message}. Try again later, or make it simpler.`;
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new RequestError(what, { status: 429, reason: code, param: null, retryAfterSeconds });
}

function placeOf({ grammar, written }: HeldText): string | undefined {
  const { gbnf, places = {} } = grammar;
  const rule = crowdedRule(gbnf, Buffer.concat(written).toString(), new Set(Object.keys(places)));
  return rule === undefined ? Object.values(places)[0] : places[rule];
}
