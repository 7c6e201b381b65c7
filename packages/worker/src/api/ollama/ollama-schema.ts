import { z } from "zod";
import { MOST_CALLS, MOST_MESSAGES, MOST_PARTS, MOST_TOOLS } from "../generating/list-limits.ts";
import { generationFields, samplingFields } from "../generating/sampling-fields.ts";
import { effort } from "../generating/thinking.ts";
import { boundedList } from "../http/bounded-list.ts";
import { hint } from "../http/ignored-parameters.ts";
import { anyObject, freeFields, jsonText, pick } from "../http/plain-values.ts";
import { jsonSchema, toolName } from "../openai-chat/chat-schema.ts";

const noImages = z.array(z.never({ error: "Unsupported: this server is text only." })).nullish();

/** How the machine runs the model, which was settled at the start. */
const machineOptions = freeFields(
  ...(["num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread"] as const),
  ...(["numa", "low_vram", "use_mmap", "use_mlock", "f16_kv"] as const),
);

const options = z
  .strictObject({
    ...machineOptions,
    ...pick(samplingFields, "temperature", "top_k", "top_p", "min_p", "seed"),
    ...pick(samplingFields, "repeat_penalty", "repeat_last_n", "presence_penalty", "frequency_penalty"),
    num_predict: z.int().nullish(),
    stop: generationFields.stop,
  })
  .nullish();

const message = z.object({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.string().nullish(),
  thinking: z.string().nullish(),
  images: noImages,
  tool_name: z.string().nullish(),
  tool_call_id: z.string().nullish(),
  tool_calls: boundedList(
    z.object({
      id: z.string().nullish(),
      function: z.object({
        name: z.string().min(1),
        arguments: z.union([anyObject.transform(jsonText), z.string()]),
      }),
    }),
    { most: MOST_CALLS },
  ).nullish(),
});

const tool = z.object({
  type: z.literal("function").nullish(),
  function: z.object({
    name: toolName,
    description: z.string().nullish(),
    parameters: anyObject.nullish(),
  }),
});

const common = {
  model: z.string().nullish(),
  stream: z.boolean().nullish(),
  think: z.union([z.boolean(), effort]).nullish(),
  format: z.union([z.enum(["", "json"]), jsonSchema]).nullish(),
  options,
  keep_alive: z.unknown().optional(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
} as const;

export const ollamaChatRequest = z.strictObject({
  ...common,
  /** Without one the model is loaded, and nothing else. */
  messages: boundedList(message, { most: MOST_MESSAGES }),
  tools: boundedList(tool, { most: MOST_TOOLS }).nullish(),
});

export const ollamaGenerateRequest = z.strictObject({
  ...common,
  prompt: z.string().nullish(),
  system: z.string().nullish(),
  suffix: z.string().nullish(),
  images: noImages,
  raw: z.boolean().nullish(),
  context: hint([]),
});

export const ollamaEmbedRequest = z.strictObject({
  model: z.string().nullish(),
  input: z.union([z.string(), boundedList(z.string(), { most: MOST_PARTS })]).nullish(),
  prompt: z.string().nullish(),
  options: z.unknown().optional(),
  keep_alive: z.unknown().optional(),
  truncate: z.boolean().nullish(),
});

export const ollamaShowRequest = z.strictObject({
  model: z.string().nullish(),
  name: z.string().nullish(),
  verbose: z.boolean().nullish(),
});

export type OllamaChat = z.output<typeof ollamaChatRequest>;
export type OllamaEmbed = z.output<typeof ollamaEmbedRequest>;
export type OllamaGenerate = z.output<typeof ollamaGenerateRequest>;
