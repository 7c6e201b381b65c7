import { createHash } from "node:crypto";
import { jsonOrText } from "@drover/foundation/json-text";
import type { ChatMessage, ToolCall, ToolDefinition } from "./chat-message.ts";
import type { ChatTemplate } from "./chat-template.ts";
import type { ControlTexts } from "./control-texts.ts";
import type { ChatTexts } from "./refuse-costly-chat.ts";
import type { TemplateHabits, TemplateMessage } from "./template-probe.ts";
import { describeTools, withTypes, writeToolCalls, writeToolResult } from "./tool-texts.ts";

export interface WrittenChat extends Pick<ChatTexts, "messages" | "tools" | "templateArguments"> {
  /** False: the response begins with its content, however the model likes to begin. */
  readonly mayThink: boolean;
}

/** What chats are written by. */
export interface ChatWriting {
  readonly template: ChatTemplate;
  readonly controlTexts: ControlTexts;
}

/** The chat as the template has it, with a cut into each control text of a client's. @throws RequestError where the template refuses the chat */
export function writeChat(writing: ChatWriting, chat: WrittenChat): string {
  const { habits, rendersTools } = writing.template;
  const all = heard(chat.messages, habits);
  const hasTools = rendersTools && chat.tools.length > 0;
  const needsUser = habits.needsUser === "always" || (habits.needsUser === "with-tools" && hasTools);
  const messages = needsUser ? withUser(all) : all;
  return render(writing, { ...chat, messages: rendersTools && habits.oneCallEach ? oneCallEach(messages) : messages });
}

function render(writing: ChatWriting, input: WrittenChat): string {
  const { template, controlTexts } = writing;
  const { habits } = template;
  const asTools = input.tools.length > 0 && template.rendersTools;
  const messages = input.messages.map((message) => templateMessage(writing, message));
  const guardedTools = guardAll(
    input.tools.map((tool) => toldOfTool(tool, habits)),
    controlTexts,
  );
  const isTold = asTools || input.tools.length === 0;
  const all = isTold ? messages : withSystemText(messages, describeTools(guardedTools), habits);
  return template.render(habits.alternates ? alternating(all) : all, {
    ...guardAll(input.templateArguments, controlTexts),
    ...(input.mayThink ? {} : { enable_thinking: false }),
    ...(asTools ? { tools: guardedTools.map((tool) => ({ type: "function", function: tool })) } : {}),
  });
}

function templateMessage(writing: ChatWriting, message: ChatMessage): TemplateMessage {
  const { template, controlTexts } = writing;
  if (message.role === "assistant") return assistantMessage(writing, message);
  const content = controlTexts.guard(message.content);
  if (message.role !== "tool") {
    const name = message.name === undefined ? {} : { name: controlTexts.guard(message.name) };
    return { role: message.role, content, ...name };
  }
  if (!template.rendersTools) return { role: "user", content: writeToolResult(content) };
  const id = callId(message.toolCallId, template.habits);
  return { role: "tool", content, tool_call_id: controlTexts.guard(id) };
}

type AssistantMessage = Extract<ChatMessage, { readonly role: "assistant" }>;

function assistantMessage({ template, controlTexts }: ChatWriting, message: AssistantMessage): TemplateMessage {
  const guard = (text: string) => controlTexts.guardResponse(text);
  const { content, toolCalls } = message;
  const reasoning = message.reasoning === undefined ? {} : { reasoning_content: guard(message.reasoning) };
  if (toolCalls.length === 0) return { role: "assistant", content: guard(content), ...reasoning };
  if (!template.rendersTools) {
    const written = writeToolCalls(guardAll(toolCalls, controlTexts));
    return { role: "assistant", content: guard(content) + written, ...reasoning };
  }
  const { habits, toolFormat } = template;
  const calls = guardAll(
    toolCalls.map((call) => templateToolCall(call, habits)),
    controlTexts,
  );
  if (toolFormat === "harmony") return { role: "assistant", tool_calls: calls, ...harmonyTexts(message, guard) };
  // DeepSeek's template tells calls from text by `content is none`.
  const asText = content === "" && toolFormat === "deepseek" ? null : guard(content);
  return { role: "assistant", content: asText, tool_calls: calls, ...reasoning };
}

/** The messages with no system message that the template would drop. */
function heard(messages: readonly ChatMessage[], { systemMessages }: TemplateHabits): readonly ChatMessage[] {
  const system = messages.filter(({ role }) => role === "system");
  const isFirst = system.length === 1 && messages[0]?.role === "system";
  if (system.length === 0 || systemMessages === "many" || (systemMessages === "one" && isFirst)) return messages;
  const content = system.map((message) => message.content).join("\n\n");
  const others = messages.filter(({ role }) => role !== "system");
  if (systemMessages === "one") return [{ role: "system", content }, ...others];
  const [first, ...rest] = others;
  if (first?.role !== "user") return [{ role: "user", content }, ...others];
  return [{ ...first, content: `${content}\n\n${first.content}` }, ...rest];
}

/** Templates look for what the user asked (Qwen3.5's) or put tools there (Llama 3's), and a client may have all of it in the system message. */
function withUser(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  if (messages.some(({ role }) => role === "user")) return messages;
  const others = messages.findIndex(({ role }) => role !== "system");
  const at = others < 0 ? messages.length : others;
  return [...messages.slice(0, at), { role: "user", content: "" }, ...messages.slice(at)];
}

/** Behind the system message; a template that knows none has it before the user's first. */
function withSystemText(
  messages: readonly TemplateMessage[],
  text: string,
  { systemMessages }: TemplateHabits,
): readonly TemplateMessage[] {
  const [first, ...rest] = messages;
  const role = systemMessages === "none" ? "user" : "system";
  if (first?.["role"] !== role) return [{ role, content: text }, ...messages];
  return [{ ...first, content: `${String(first["content"])}\n\n${text}` }, ...rest];
}

/**
 * Messages whose roles alternate, beginning with the user's, calls and their results apart: what one side says in a row is one message, and where the
 * other one said nothing between it has an empty one.
 */
function alternating(messages: readonly TemplateMessage[]): readonly TemplateMessage[] {
  const written: TemplateMessage[] = [];
  let side = "assistant";
  for (const message of messages) {
    const role = sideOf(message);
    const last = written.at(-1);
    if (role !== undefined && role === side) {
      if (last !== undefined && sideOf(last) === role) {
        written[written.length - 1] = {
          ...last,
          content: `${String(last["content"])}\n\n${String(message["content"])}`,
        };
        continue;
      }
      written.push({ role: role === "user" ? "assistant" : "user", content: "" });
    }
    written.push(message);
    side = role ?? side;
  }
  return written;
}

function sideOf({ role, tool_calls: calls }: TemplateMessage): "user" | "assistant" | undefined {
  if (role === "user") return role;
  return role === "assistant" && calls === undefined ? role : undefined;
}

/** gpt-oss's template takes either the thinking before a call or what was said before it, and writes both alike. */
function harmonyTexts({ content, reasoning = "" }: AssistantMessage, guard: (text: string) => string): TemplateMessage {
  const texts = [reasoning, content].filter((text) => text !== "");
  return { content: "", thinking: guard(texts.join("\n\n")) };
}

/** A message for each call with its results behind it, for a template that would drop or refuse the others. */
function oneCallEach(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const written: ChatMessage[] = [];
  for (let at = 0; at < messages.length; at += 1) {
    const message = messages[at];
    if (message?.role !== "assistant" || message.toolCalls.length < 2) {
      if (message !== undefined) written.push(message);
      continue;
    }
    const end = messages.findIndex(({ role }, index) => index > at && role !== "tool");
    let results = messages.slice(at + 1, end < 0 ? messages.length : end);
    at += results.length;
    const { reasoning: _, ...later } = { ...message, content: "" };
    for (const [index, call] of message.toolCalls.entries()) {
      const isOfCall = (result: ChatMessage) => result.role === "tool" && result.toolCallId === call.id;
      const own = results.filter(isOfCall);
      results = results.filter((result) => !isOfCall(result));
      written.push({ ...(index === 0 ? message : later), toolCalls: [call] }, ...own);
    }
    written.push(...results);
  }
  return written;
}

/** What a model is told of a tool. */
function toldOfTool(
  { name, description, parameters: given }: ToolDefinition,
  { typedArguments }: TemplateHabits,
): ToolDefinition {
  const parameters = typedArguments ? withTypes(given) : given;
  return { name, ...(description === undefined ? {} : { description }), parameters };
}

function templateToolCall(call: ToolCall, habits: TemplateHabits): unknown {
  const args = templateArguments(call.arguments, habits);
  return { id: callId(call.id, habits), type: "function", function: { name: call.name, arguments: args } };
}

/** A template that walks arguments fails on all but objects, and a model may have written something else. A call without any has an empty text at times. */
function templateArguments(text: string, { argumentObjects }: TemplateHabits): unknown {
  const written = text.trim() === "" ? "{}" : text;
  if (!argumentObjects) return written;
  const value = jsonOrText(written);
  if (value === null) return {};
  return typeof value === "object" && !Array.isArray(value) ? value : { arguments: value };
}

/** The same id for the same one of a client's, so that a conversation keeps its prefix. */
function callId(id: string, { shortCallIds }: TemplateHabits): string {
  if (!shortCallIds || /^[a-z0-9]{9}$/iu.test(id)) return id;
  return createHash("sha256").update(id).digest("hex").slice(0, 9);
}

/** The same value with every text in it guarded, names of fields too. */
function guardAll<T>(value: T, controlTexts: ControlTexts): T;
function guardAll(value: unknown, controlTexts: ControlTexts): unknown {
  if (typeof value === "string") return controlTexts.guard(value);
  if (Array.isArray(value)) return value.map((item) => guardAll(item, controlTexts));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [controlTexts.guard(key), guardAll(item, controlTexts)]),
  );
}
