import { z } from "zod";
import { MOST_TOOLS, messageList } from "../generating/list-limits.ts";
import { bookkeepingFields, neutralOnly, notSupported, samplingFields } from "../generating/sampling-fields.ts";
import { effort } from "../generating/thinking.ts";
import { boundedList } from "../http/bounded-list.ts";
import { anyObject, jsonText, pick, refusedType } from "../http/plain-values.ts";
import { hint } from "../http/ignored-parameters.ts";
import {
  foreignTool,
  jsonSchema,
  refusalPart,
  schemaFields,
  textOrParts,
  toolFields,
} from "../openai-chat/chat-schema.ts";

const textPart = z.object({ type: z.enum(["input_text", "output_text", "text", "summary_text"]), text: z.string() });
const otherPart = z
  .object({ type: z.string() })
  .refine(() => false, refusedType("Unsupported content part: this server takes text only."));

const text = textOrParts(z.union([textPart, refusalPart, otherPart]));

const messageItem = z.object({
  type: z.literal("message").optional(),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: text,
});

const callItem = z.object({
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string().min(1),
  arguments: z.string(),
});

/** Calls of tools that take a text rather than arguments, such as Codex's patches. */
const customCallItem = z
  .object({ type: z.literal("custom_tool_call"), call_id: z.string(), name: z.string().min(1), input: z.string() })
  .transform(({ call_id, name, input }) => calledWith(call_id, name, { input }));

const shellCallItem = z
  .object({ type: z.enum(["local_shell_call", "shell_call"]), call_id: z.string(), action: z.unknown() })
  .transform(({ call_id, action }) => calledWith(call_id, "shell", action));

const patchCallItem = z
  .object({ type: z.literal("apply_patch_call"), call_id: z.string(), operation: z.unknown() })
  .transform(({ call_id, operation }) => calledWith(call_id, "apply_patch", operation));

/** A call like those of functions; what is long is written in slices. */
function calledWith(call_id: string, name: string, given: unknown) {
  const callOf = (args: string) => ({ type: "function_call" as const, call_id, name, arguments: args });
  const text = jsonText(given ?? {});
  return typeof text === "string" ? callOf(text) : text.then(callOf);
}

const RESULTS = [
  "function_call_output",
  "custom_tool_call_output",
  "local_shell_call_output",
  "shell_call_output",
  "apply_patch_call_output",
] as const;

const resultItem = z
  .object({
    type: z.enum(RESULTS),
    call_id: z.string(),
    output: z.union([text, z.unknown().transform((output) => (output === undefined ? "" : jsonText(output)))]),
  })
  .transform(({ call_id, output }) => ({ type: "function_call_output" as const, call_id, output }));

/** Thoughts belong to responses that follow them, and hosted tools' calls to a server that has them: nothing of them is for the model. */
const FORGOTTEN = [
  "reasoning",
  "web_search_call",
  "file_search_call",
  "code_interpreter_call",
  "image_generation_call",
  "computer_call",
  "computer_call_output",
  "mcp_call",
  "mcp_list_tools",
  "mcp_approval_request",
  "mcp_approval_response",
  "tool_search_call",
  "tool_search_output",
  "compaction",
] as const;

const forgottenItem = z.object({ type: z.enum(FORGOTTEN) }).transform(() => ({ type: "forgotten" as const }));

const KNOWN: ReadonlySet<string> = new Set([
  ...RESULTS,
  ...FORGOTTEN,
  "message",
  "function_call",
  "custom_tool_call",
  "local_shell_call",
  "shell_call",
  "apply_patch_call",
  "item_reference",
]);

/** Of a type that OpenAI's API has had since: it is left out, and named. A part of a message in an item's place is not: it is what the user says. */
const newItem = z
  .object({
    type: z.string().refine((type) => !KNOWN.has(type) && !type.startsWith("input_"), "is no type of an item"),
  })
  .transform(() => ({ type: "new" as const }));

const referenceItem = z
  .object({ type: z.literal("item_reference") })
  .refine(
    () => false,
    refusedType(
      "Unsupported item: no responses are kept here, so send the items themselves (most clients do with 'store': false).",
    ),
  );

const tool = z
  .object({ type: z.literal("function"), ...toolFields, parameters: anyObject.nullish() })
  .or(foreignTool("function"));

const namedTool = z.object({ type: z.literal("function"), name: z.string() });

const textFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({ type: z.literal("json_schema"), ...schemaFields, schema: jsonSchema }),
]);

const items = messageList(
  z.union([
    messageItem,
    callItem,
    customCallItem,
    shellCallItem,
    patchCallItem,
    resultItem,
    forgottenItem,
    referenceItem,
    newItem,
  ]),
);

export const responsesRequest = z.strictObject({
  ...bookkeepingFields,
  input: z.union([z.string(), items]),
  instructions: z.union([z.string(), items]).nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  ...pick(samplingFields, "temperature", "top_p", "top_k", "min_p", "seed", "logit_bias"),
  ...pick(samplingFields, "repeat_penalty", "presence_penalty", "frequency_penalty"),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
  tools: boundedList(tool, { most: MOST_TOOLS }).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      namedTool,
      z.object({
        type: z.literal("allowed_tools"),
        mode: z.enum(["auto", "required"]),
        tools: boundedList(z.looseObject({ type: z.string() }), { most: MOST_TOOLS }),
      }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z.strictObject({ format: textFormat.nullish(), verbosity: z.string().nullish() }).nullish(),
  reasoning: z
    .strictObject({
      effort: effort.nullish(),
      summary: z.enum(["auto", "concise", "detailed", "none"]).nullish(),
      generate_summary: z.unknown().optional(),
    })
    .nullish(),
  include: z.unknown().optional(),
  truncation: hint("disabled"),
  background: neutralOnly("background", false),
  store: z.boolean().nullish(),
  previous_response_id: notSupported("previous_response_id"),
  conversation: notSupported("conversation"),
  prompt: notSupported("prompt"),
  top_logprobs: hint(0),
  max_tool_calls: hint(),
  context_management: hint(),
});

export type ResponsesRequest = z.output<typeof responsesRequest>;
