import { z } from "zod";
import { badField } from "../../errors.ts";
import type { Sampling } from "../../generation-contract.ts";
import { boundedList } from "../http/bounded-list.ts";
import { MOST_ANSWERS, MOST_BIASES } from "./counts.ts";

/** A field that is known, and taken only with the values that change nothing. */
export function neutralOnly<const T extends string | number | boolean>(name: string, ...values: readonly T[]) {
  const allowed = values.map((value) => JSON.stringify(value)).join(" or ");
  const message = `Unsupported parameter: '${name}'. This server takes it only as ${allowed}.`;
  return z.literal(values, { error: message }).nullish();
}

/** A field that is known to clients of OpenAI or llama.cpp, and not supported. */
export function notSupported(name: string) {
  return z.null({ error: `Unsupported parameter: '${name}' is not supported by this server.` }).optional();
}

const biases = z.preprocess(
  (value, context) => {
    if (typeof value !== "object" || value === null || Object.keys(value).length <= MOST_BIASES) return value;
    context.addIssue({ code: "custom", message: `must have at most ${MOST_BIASES} tokens` });
    return z.NEVER;
  },
  z.record(z.string().regex(/^\d{1,10}$/u, "keys are token ids"), z.number().min(-100).max(100)),
);

/** How tokens are chosen: the same for all APIs that follow OpenAI's. */
export const samplingFields = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  repeat_penalty: z.number().positive().max(10).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: biases.nullish(),
  typical_p: neutralOnly("typical_p", 1),
  mirostat: neutralOnly("mirostat", 0),
  mirostat_tau: notSupported("mirostat_tau"),
  mirostat_eta: notSupported("mirostat_eta"),
  dynatemp_range: neutralOnly("dynatemp_range", 0),
  dynatemp_exponent: neutralOnly("dynatemp_exponent", 1),
  xtc_probability: neutralOnly("xtc_probability", 0),
  xtc_threshold: notSupported("xtc_threshold"),
  dry_multiplier: neutralOnly("dry_multiplier", 0),
  dry_base: notSupported("dry_base"),
  dry_allowed_length: notSupported("dry_allowed_length"),
  dry_sequence_breakers: notSupported("dry_sequence_breakers"),
  dry_penalty_last_n: notSupported("dry_penalty_last_n"),
  top_n_sigma: neutralOnly("top_n_sigma", -1),
  repeat_last_n: notSupported("repeat_last_n"),
  n_probs: neutralOnly("n_probs", 0),
  samplers: notSupported("samplers"),
  grammar: notSupported("grammar"),
  n_keep: neutralOnly("n_keep", 0),
  t_max_predict_ms: neutralOnly("t_max_predict_ms", 0),
  n_predict: notSupported("n_predict"),
  min_keep: neutralOnly("min_keep", 0),
  post_sampling_probs: neutralOnly("post_sampling_probs", false),
  timings_per_token: neutralOnly("timings_per_token", false),
  return_progress: neutralOnly("return_progress", false),
  return_tokens: neutralOnly("return_tokens", false),
  lora: notSupported("lora"),
} as const;

/** Who asks and how: taken, with no effect on the answer. */
export const bookkeepingFields = {
  model: z.string().max(256).nullish(),
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  service_tier: neutralOnly("service_tier", "auto", "default"),
  store: neutralOnly("store", false),
} as const;

/** -1 is llama.cpp's word for no limit, which clients of its server send. */
export const maxTokens = z
  .int()
  .min(-1)
  .refine((value) => value !== 0, { error: "must be at least 1, or -1 for as many as fit" })
  .nullish();

/** How long, how often and in what form. */
export const generationFields = {
  n: z.int().min(1).max(MOST_ANSWERS).nullish(),
  stop: z
    .union([z.string().min(1), boundedList(z.string().min(1), { most: 4 })])
    .nullish()
    .transform((stop) => (typeof stop === "string" ? [stop] : (stop ?? []))),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() })
    .nullish(),
  ignore_eos: z.boolean().nullish(),
  cache_prompt: z.boolean().nullish(),
  id_slot: neutralOnly("id_slot", -1),
} as const;

type SamplingBody = Partial<z.output<z.ZodObject<typeof samplingFields>>>;

/** Defaults are those of llama.cpp's server. `seed` is used where the client sent none. */
export function samplingOf(body: SamplingBody, vocabularySize: number, seed: number): Sampling {
  const asked = body.seed ?? -1;
  return {
    temperature: body.temperature ?? 0.8,
    topK: Math.max(0, body.top_k ?? 40),
    topP: body.top_p ?? 0.95,
    minP: body.min_p ?? 0.05,
    seed: asked === -1 ? seed : Number(BigInt.asUintN(32, BigInt(asked))),
    repeatPenalty: body.repeat_penalty ?? 1,
    presencePenalty: body.presence_penalty ?? 0,
    frequencyPenalty: body.frequency_penalty ?? 0,
    logitBias: logitBiasOf(body.logit_bias ?? {}, vocabularySize),
  };
}

function logitBiasOf(bias: Readonly<Record<string, number>>, vocabularySize: number): ReadonlyMap<number, number> {
  const entries = Object.entries(bias).map(([token, value]): [number, number] => {
    if (Number(token) < vocabularySize) return [Number(token), value <= -100 ? -Infinity : value];
    throw badField(
      "logit_bias",
      `Invalid 'logit_bias': token ${token} is outside of the vocabulary (${vocabularySize} tokens).`,
    );
  });
  return new Map(entries);
}
