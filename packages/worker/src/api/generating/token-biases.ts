import { z } from "zod";
import { badField } from "../../errors.ts";
import { wellFormed } from "../../generation/prompt/control-texts.ts";
import { refuse } from "../http/bounded-list.ts";
import { STOP_AT_FIRST_FAULT } from "../http/check-in-slices.ts";
import type { Serving } from "../serving.ts";
import { MOST_BIASES } from "./list-limits.ts";

/** Of a text whose tokens have a bias. */
const MOST_CHARACTERS = 1000;

/** A token, or a text all of whose tokens are meant, and what is added to their logits. */
type Bias = readonly [meant: number | string, value: number];

const value = z.union([z.number(), z.literal(false)]);
const text = z.string().max(MOST_CHARACTERS);
const eachBias = z.union([z.record(text, value), z.array(z.tuple([z.union([z.int().min(0), text]), value]))]);
const { $schema: _, ...describedBiases } = z.toJSONSchema(eachBias, { io: "input" });

/** OpenAI's object, or pairs as llama.cpp's server has them, with tokens or texts. zod is asked only what is wrong: it takes long. */
export const biases = z.preprocess((given, context) => {
  const size = Array.isArray(given) ? given.length : Object.keys(Object(given)).length;
  const message = `must have at most ${MOST_BIASES} tokens`;
  if (size > MOST_BIASES) return refuse(context, [{ code: "custom", message }], given);
  const quick = biasesOf(given);
  if (quick !== undefined) return quick;
  return refuse(context, eachBias.safeParse(given, STOP_AT_FIRST_FAULT).error?.issues ?? [], given);
}, z.custom<readonly Bias[]>().meta(describedBiases));

/** Undefined where something is wrong. */
function biasesOf(given: unknown): readonly Bias[] | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  const found: Bias[] = [];
  for (const pair of Array.isArray(given) ? (given as unknown[]) : Object.entries(given)) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    const [key, added] = pair as readonly unknown[];
    const meant = Array.isArray(given) ? key : tokenOrText(key);
    const isMeant = typeof meant === "string" ? meant.length <= MOST_CHARACTERS : isToken(meant);
    if (!isMeant || (added !== false && !Number.isFinite(added))) return undefined;
    found.push([meant as number | string, added === false ? -Infinity : (added as number)]);
  }
  return found;
}

/** Keys of an object are texts; one that is a number is a token. */
function tokenOrText(key: unknown): unknown {
  return typeof key === "string" && /^\d{1,10}$/u.test(key) ? Number(key) : key;
}

function isToken(meant: unknown): boolean {
  return typeof meant === "number" && Number.isSafeInteger(meant) && meant >= 0;
}

/**
 * What is added to the logits of which tokens; what is said of one token several times is added up, as llama.cpp's server does.
 *
 * @throws RequestError for a token that the model does not have, or for texts of too many tokens
 */
export async function tokenBiases(
  { model, tokenizer }: Pick<Serving, "model" | "tokenizer">,
  given: readonly Bias[] | null | undefined,
): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>();
  let count = 0;
  for (const [meant, added] of given ?? []) {
    const tokens = typeof meant === "number" ? [meant] : await tokenizer.tokenize([wellFormed(meant)], false, LIMIT);
    count += tokens.length;
    if (count > MOST_BIASES)
      throw badField("logit_bias", `Invalid 'logit_bias': its texts have more than ${MOST_BIASES} tokens.`);
    for (const token of tokens) {
      if (token >= model.vocabularySize)
        throw badField(
          "logit_bias",
          `Invalid 'logit_bias': token ${token} is outside of the vocabulary (${model.vocabularySize} tokens).`,
        );
      found.set(token, (found.get(token) ?? 0) + (added <= -100 ? -Infinity : added));
    }
  }
  return found;
}

/** What is counted is all of them together. */
const LIMIT = { contextTokens: Number.POSITIVE_INFINITY, outputTokens: 0, param: "logit_bias" } as const;
