import { jsonOrText } from "@drover/foundation/json-text";
import { z } from "zod";
import type { DrySampling, Sampling } from "../../generation-contract.ts";
import { invalid } from "../../errors.ts";
import { wellFormed } from "../../generation/prompt/control-texts.ts";
import { noLimit } from "../../generation/prompt/prompt-limit.ts";
import { boundedList, refuse } from "../http/bounded-list.ts";
import { STOP_AT_FIRST_FAULT } from "../http/check-in-slices.ts";
import type { Serving } from "../serving.ts";
import { freeFields, isTokenId, tokenList } from "../http/plain-values.ts";
import { hint, hintsOf } from "../http/ignored-parameters.ts";
import { MOST_BIASES, MOST_CHOICES, MOST_STOP_TOKENS, stopText, stopTexts } from "./list-limits.ts";

/** A parameter that is known, and without which the response would have another form: it is taken only with the values that change nothing. */
export function neutralOnly<const T extends string | number | boolean>(name: string, ...values: readonly T[]) {
  const allowed = values.map((value) => JSON.stringify(value)).join(" or ");
  const message = `Unsupported parameter: '${name}'. This server takes it only as ${allowed}.`;
  return z.literal(values, { error: message }).nullish();
}

/** A parameter that is known, can't be honoured, and would change the response's form. */
export function notSupported(name: string) {
  return z.null({ error: `Unsupported parameter: '${name}' is not supported by this server.` }).optional();
}

/** Longest text whose tokens may have a bias. */
const MOST_BIASED_CHARACTERS = 1000;

/** A token, or a text all of whose tokens are meant, and what is added to their logits. */
type Bias = readonly [meant: number | string, value: number];

const biasValue = z.union([z.number(), z.literal(false)]);
const biasedText = z.string().max(MOST_BIASED_CHARACTERS);
const eachBias = z.union([
  z.record(biasedText, biasValue),
  z.array(z.tuple([z.union([z.int().min(0), biasedText]), biasValue])),
]);
const { $schema: _, ...describedBiases } = z.toJSONSchema(eachBias, { io: "input" });

/** OpenAI's object, or pairs as llama.cpp's server has them, with tokens or texts. zod is asked only what is wrong: it takes long. */
const biases = z.preprocess((given, context) => {
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
    const isMeant = typeof meant === "string" ? meant.length <= MOST_BIASED_CHARACTERS : isTokenId(meant);
    if (!isMeant || (added !== false && !Number.isFinite(added))) return undefined;
    found.push([meant as number | string, added === false ? -Infinity : (added as number)]);
  }
  return found;
}

/** Keys of an object are texts; one that is a number is a token. */
function tokenOrText(key: unknown): unknown {
  return typeof key === "string" && /^\d{1,10}$/u.test(key) ? Number(key) : key;
}

/** Longest JSON text that is read as a list. */
const MOST_LIST_CHARS = 8192;

const dryFields = {
  dry_multiplier: z.number().min(0).nullish(),
  dry_base: z.number().min(0).nullish(),
  dry_allowed_length: z.int().min(0).nullish(),
  dry_penalty_last_n: z.int().min(-1).nullish(),
  // As a list, or as its JSON, which clients of several servers send.
  dry_sequence_breakers: z
    .preprocess(
      (value) => (typeof value === "string" && value.length < MOST_LIST_CHARS ? jsonOrText(value) : value),
      boundedList(z.string(), { most: 64 }).nullish(),
    )
    .optional(),
} as const;

/** In their order, by llama.cpp's names. */
export const SAMPLERS = ["penalties", "dry", "top_k", "top_p", "min_p", "xtc", "temperature"] as const;

/** Samplers and switches that only llama.cpp's server has, and how they change nothing. */
export const NEUTRAL = {
  dynatemp_range: 0,
  dynatemp_exponent: 1,
  top_n_sigma: -1,
  typical_p: 1,
  mirostat: 0,
  mirostat_tau: 5,
  mirostat_eta: 0.1,
  adaptive_target: -1,
  adaptive_decay: 0.9,
  n_keep: 0,
  n_discard: 0,
  min_keep: 0,
  chat_format: "Content-only",
  reasoning_in_content: false,
  generation_prompt: "",
  "speculative.types": "none",
  post_sampling_probs: false,
  backend_sampling: false,
  lora: [],
} as const;

/** How tokens are chosen: the same for all APIs that follow OpenAI's or llama.cpp's. */
export const samplingFields = {
  // Users of llama.cpp's server like it hotter than OpenAI allows.
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  seed: z.union([z.number(), z.string().regex(/^-?\d{1,20}$/u, "must be a whole number")]).nullish(),
  repeat_penalty: z.number().positive().max(10).nullish(),
  repetition_penalty: z.number().positive().max(10).nullish(),
  repeat_last_n: z.int().min(-1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: biases.nullish(),
  min_tokens: z.int().min(0).nullish(),
  xtc_probability: z.number().min(0).max(1).nullish(),
  xtc_threshold: z.number().min(0).max(1).nullish(),
  ...dryFields,
  ...hintsOf(NEUTRAL),
  samplers: hint([], SAMPLERS),
  t_max_predict_ms: hint(0, -1),
  id_slot: hint(-1),
} as const;

/** Who asks and how: taken, with no effect on the response. */
export const bookkeepingFields = {
  model: z.string().nullish(),
  ...freeFields("user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"),
  service_tier: hint("auto", "default"),
  store: hint(false),
} as const;

/** -1 is llama.cpp's value for no limit, which clients of its server send; with 0 the prompt is read, and nothing generated. */
export const maxTokens = z.int().min(-1).nullish();

/** How long, how often and in what form. */
export const generationFields = {
  n: z.int().min(1).max(MOST_CHOICES).nullish(),
  stop: z
    .union([stopText, stopTexts])
    .nullish()
    .transform((stop) => (typeof stop === "string" ? [stop] : (stop ?? [])).filter((text) => text !== "")),
  stop_token_ids: tokenList({ most: MOST_STOP_TOKENS }).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() })
    .nullish(),
  timings_per_token: z.boolean().nullish(),
  return_progress: z.boolean().nullish(),
  ignore_eos: z.boolean().nullish(),
  cache_prompt: z.boolean().nullish(),
} as const;

export type GenerationBody = z.output<z.ZodObject<typeof generationFields>>;

export type SamplingBody = Partial<z.output<z.ZodObject<typeof samplingFields>>>;

const NO_BIASES: ReadonlyMap<number, number> = new Map();

/** Defaults are those of llama.cpp's server. `seed` is used where the client sent none; `logitBias` is what `tokenBiases` makes of the body's. */
export function samplingOf(body: SamplingBody, seed: number, logitBias = NO_BIASES): Sampling {
  return {
    temperature: body.temperature ?? 0.8,
    topK: Math.max(0, body.top_k ?? 40),
    topP: body.top_p ?? 0.95,
    minP: body.min_p ?? 0.05,
    seed: seedOf(body.seed, seed),
    repeatPenalty: body.repeat_penalty ?? body.repetition_penalty ?? 1,
    presencePenalty: body.presence_penalty ?? 0,
    frequencyPenalty: body.frequency_penalty ?? 0,
    logitBias,
    ...(typeof body.repeat_last_n === "number" ? { penaltyTokens: body.repeat_last_n } : {}),
    ...(typeof body.min_tokens === "number" && body.min_tokens > 0 ? { minTokens: body.min_tokens } : {}),
    ...xtcOf(body),
    ...dryOf(body),
  };
}

/** The low 32 bits of an integer of any size; -1 and what is no number leave it to us. */
export function seedOf(asked: number | string | null | undefined, drawn: number): number {
  const whole = typeof asked === "number" ? Math.trunc(asked) : asked;
  if (whole === null || whole === undefined || BigInt(whole) === -1n) return drawn;
  return Number(BigInt.asUintN(32, BigInt(whole)));
}

/** Defaults of llama.cpp's server; by their first numbers both do nothing. */
export const XTC = { probability: 0, threshold: 0.1 };
export const DRY: DrySampling = {
  multiplier: 0,
  base: 1.75,
  allowedLength: 2,
  lastTokens: -1,
  sequenceBreakers: ["\n", ":", '"', "*"],
};

function xtcOf(body: SamplingBody): Pick<Sampling, "xtc"> {
  const { xtc_probability: probability, xtc_threshold: threshold } = body;
  return probability ? { xtc: { probability, threshold: threshold ?? XTC.threshold } } : {};
}

function dryOf(body: SamplingBody): Pick<Sampling, "dry"> {
  if (!body.dry_multiplier) return {};
  return {
    dry: {
      multiplier: body.dry_multiplier,
      base: body.dry_base ?? DRY.base,
      allowedLength: body.dry_allowed_length ?? DRY.allowedLength,
      lastTokens: body.dry_penalty_last_n ?? DRY.lastTokens,
      sequenceBreakers: body.dry_sequence_breakers ?? DRY.sequenceBreakers,
    },
  };
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
    const tokens =
      typeof meant === "number"
        ? [meant]
        : await tokenizer.tokenize([wellFormed(meant)], "plain", noLimit("logit_bias"));
    count += tokens.length;
    if (count > MOST_BIASES) throw invalid("logit_bias", `its texts have more than ${MOST_BIASES} tokens`);
    refuseForeignTokens(model, tokens, "logit_bias");
    for (const token of tokens) found.set(token, (found.get(token) ?? 0) + (added <= -100 ? -Infinity : added));
  }
  return found;
}

/** @throws RequestError for a token that the model does not have */
export function refuseForeignTokens(
  { vocabularySize }: Serving["model"],
  tokens: readonly number[],
  param: string,
): void {
  const outside = tokens.find((token) => token >= vocabularySize);
  if (outside === undefined) return;
  throw invalid(param, `token ${outside} is outside of the vocabulary (${vocabularySize} tokens)`);
}
