import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Vocabulary } from "../../engine/engine.ts";
import { wellFormed } from "../../generation/prompt/control-texts.ts";
import { noLimit } from "../../generation/prompt/prompt-limit.ts";
import { MOST_TOKENS } from "../generating/list-limits.ts";
import { textOfTokens } from "../generating/plain-prompt.ts";
import { refuseForeignTokens } from "../generating/sampling-fields.ts";
import { tokenList } from "../http/plain-values.ts";
import { longList, sendJson } from "../http/send-json.ts";
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

/** `POST /tokenize`, as llama.cpp's server serves it. */
export async function tokenize(serving: Serving, body: z.output<typeof tokenizeRequest>, reply: FastifyReply) {
  const { vocabulary, tokenizer, model } = serving;
  const kind = body.parse_special === false ? "plain" : "control";
  const tokens = await tokenizer.tokenize([wellFormed(body.content)], kind, noLimit("content"));
  if (body.add_special === true && model.addsBosToken && model.bosToken !== undefined) tokens.unshift(model.bosToken);
  if (body.with_pieces !== true) return await sendJson(reply, { tokens });
  const pieces = longList(() => piecesOf(tokens, vocabulary));
  return await sendJson(reply, { tokens: pieces });
}

function* piecesOf(tokens: readonly number[], vocabulary: Vocabulary) {
  for (const id of tokens) yield { id, piece: pieceOf(vocabulary.tokenBytes(id, "control")) };
}

/** `POST /detokenize`. */
export async function detokenize(
  serving: Serving,
  { tokens }: z.output<typeof detokenizeRequest>,
  reply: FastifyReply,
) {
  refuseForeignTokens(serving.model, tokens, "tokens");
  return await sendJson(reply, { content: await textOfTokens(serving, tokens) });
}

/** A text, or the bytes where they are only a part of a character. */
function pieceOf(bytes: Uint8Array): string | number[] {
  const text = Buffer.from(bytes).toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : Array.from(bytes);
}
