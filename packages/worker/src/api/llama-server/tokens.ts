import { LoopBudget } from "@drover/foundation/loop-budget";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { wellFormed } from "../../generation/prompt/control-texts.ts";
import { MOST_TOKENS } from "../generating/list-limits.ts";
import { refuseForeignTokens } from "../generating/plain-prompt.ts";
import { tokenList } from "../http/plain-values.ts";
import { sendJson } from "../http/send-json.ts";
import { takeBody } from "../http/take-body.ts";
import type { Serving } from "../serving.ts";

export const tokenizeRequest = z.strictObject({
  // More would keep everybody else waiting.
  content: z.string().max(1024 * 1024),
  /** Put the model's begin token first, where it has one. */
  add_special: z.boolean().nullish(),
  /** Read control texts as control tokens. @default true */
  parse_special: z.boolean().nullish(),
  with_pieces: z.boolean().nullish(),
});

export const detokenizeRequest = z.strictObject({ tokens: tokenList({ most: MOST_TOKENS }) });

const NO_LIMIT = { contextTokens: Number.POSITIVE_INFINITY, outputTokens: 0, param: "content" } as const;

/** `POST /tokenize`, as llama.cpp's server serves it. */
export async function tokenize(serving: Serving, request: FastifyRequest, reply: FastifyReply) {
  const { vocabulary, tokenizer, model } = serving;
  const body = takeBody(serving, tokenizeRequest, request, reply);
  const tokens = await tokenizer.tokenize([wellFormed(body.content)], body.parse_special ?? true, NO_LIMIT);
  if (body.add_special === true && model.addsBosToken && model.bosToken !== undefined) tokens.unshift(model.bosToken);
  if (body.with_pieces !== true) return { tokens };
  return sendJson(reply, `{"tokens":[${await piecesOf(tokens, (id) => pieceOf(vocabulary.tokenBytes(id, true)))}]}`);
}

/** Pieces that are written in a turn of the loop, over all requests: about ten milliseconds. */
const PIECES_AT_A_STRETCH = 8192;
const budget = new LoopBudget(PIECES_AT_A_STRETCH);

/** A megabyte of text may have as many tokens: to write all at once takes a second. */
async function piecesOf(tokens: readonly number[], pieceOf: (id: number) => string | number[]): Promise<string> {
  const texts: string[] = [];
  for (let from = 0; from < tokens.length; from += PIECES_AT_A_STRETCH) {
    const some = tokens.slice(from, from + PIECES_AT_A_STRETCH);
    await budget.spend(some.length);
    texts.push(JSON.stringify(some.map((id) => ({ id, piece: pieceOf(id) }))).slice(1, -1));
  }
  return texts.join(",");
}

/** `POST /detokenize`. */
export async function detokenize(serving: Serving, request: FastifyRequest, reply: FastifyReply) {
  const { vocabulary } = serving;
  const { tokens } = takeBody(serving, detokenizeRequest, request, reply);
  refuseForeignTokens(serving, tokens, "tokens");
  const parts: Uint8Array[] = [];
  for (let from = 0; from < tokens.length; from += PIECES_AT_A_STRETCH) {
    const some = tokens.slice(from, from + PIECES_AT_A_STRETCH);
    const wait = budget.spend(some.length);
    if (wait !== undefined) await wait;
    parts.push(Buffer.concat(some.map((token) => vocabulary.tokenBytes(token, true))));
  }
  return { content: Buffer.concat(parts).toString("utf8") };
}

/** A text, or the bytes where they are only a part of a character. */
function pieceOf(bytes: Uint8Array): string | number[] {
  const text = Buffer.from(bytes).toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : Array.from(bytes);
}
