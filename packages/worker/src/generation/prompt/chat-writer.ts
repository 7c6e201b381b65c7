import { jsonOrText } from "@drover/foundation/json-text";
import type { ChatMessage, ToolCall, ToolDefinition } from "./chat-message.ts";
import type { ChatTemplate } from "./chat-template.ts";
import type { ControlTexts } from "./control-texts.ts";
import type { ChatTexts } from "./refuse-costly-chat.ts";
import type { TemplateHabits, TemplateMessage } from "./template-probe.ts";
import { describeTools, writeToolCalls, writeToolResult } from "./tool-texts.ts";

/** What a chat is written from. */
export interface WrittenChat extends Pick<ChatTexts, "messages" | "tools" | "templateArguments"> {
  /** False: the response begins with its content, however the model likes to begin. */
  readonly mayThink: boolean;
}

/** Writes chats by a template, with a cut into each control text of a client's. */
export class ChatWriter {
  readonly #template: ChatTemplate;
  readonly #controlTexts: ControlTexts;

  constructor(template: ChatTemplate, controlTexts: ControlTexts) {
    this.#template = template;
    this.#controlTexts = controlTexts;
  }

  /** @throws RequestError where the template refuses the chat */
  write(chat: WrittenChat): string {
    return this.#render({ ...chat, messages: heard(chat.messages, this.#template.habits) });
  }

  #render(input: WrittenChat): string {
    const asTools = input.tools.length > 0 && this.#template.rendersTools;
    const messages = input.messages.map((message) => this.#templateMessage(message));
    const guardedTools = guardAll(input.tools, this.#controlTexts);
    const tools = asTools ? { tools: guardedTools.map(templateTool) } : {};
    const thinking = input.mayThink ? {} : { enable_thinking: false };
    return this.#template.render(
      asTools || input.tools.length === 0
        ? messages
        : withSystemText(messages, describeTools(guardedTools), this.#template.habits),
      { ...guardAll(input.templateArguments, this.#controlTexts), ...thinking, ...tools },
    );
  }

  #templateMessage(message: ChatMessage): TemplateMessage {
    const guard = (text: string) => this.#controlTexts.guard(text);
    if (message.role === "tool") {
      if (this.#template.rendersTools) {
        return { role: "tool", content: guard(message.content), tool_call_id: guard(message.toolCallId) };
      }
      return { role: "user", content: writeToolResult(guard(message.content)) };
    }
    if (message.role !== "assistant") {
      const name = message.name === undefined ? {} : { name: guard(message.name) };
      return { role: message.role, content: guard(message.content), ...name };
    }
    return this.#assistantMessage(message);
  }

  #assistantMessage(message: Extract<ChatMessage, { readonly role: "assistant" }>): TemplateMessage {
    const guard = (text: string) => this.#controlTexts.guardResponse(text);
    const reasoning = message.reasoning === undefined ? {} : { reasoning_content: guard(message.reasoning) };
    if (message.toolCalls.length === 0) return { role: "assistant", content: guard(message.content), ...reasoning };
    if (!this.#template.rendersTools) {
      return {
        role: "assistant",
        content: guard(message.content) + writeToolCalls(guardAll(message.toolCalls, this.#controlTexts)),
        ...reasoning,
      };
    }
    const calls = guardAll(
      message.toolCalls.map((call) => templateToolCall(call, this.#template.habits.argumentObjects)),
      this.#controlTexts,
    );
    // DeepSeek's template tells calls from text by `content is none`.
    const content = message.content === "" ? null : guard(message.content);
    const asText = this.#template.toolFormat === "deepseek" ? content : (content ?? "");
    return { role: "assistant", content: asText, tool_calls: calls, ...reasoning };
  }
}

/** The messages with no system message that the template would drop. */
function heard(messages: readonly ChatMessage[], { systemMessages }: TemplateHabits): readonly ChatMessage[] {
  const system = messages.filter(({ role }) => role === "system");
  if (system.length === 0 || systemMessages === "many" || (systemMessages === "one" && system.length === 1))
    return messages;
  const content = system.map((message) => message.content).join("\n\n");
  const others = messages.filter(({ role }) => role !== "system");
  if (systemMessages === "one") return [{ role: "system", content }, ...others];
  const [first, ...rest] = others;
  if (first?.role !== "user") return [{ role: "user", content }, ...others];
  return [{ ...first, content: `${content}\n\n${first.content}` }, ...rest];
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

function templateTool(tool: ToolDefinition): unknown {
  return { type: "function", function: tool };
}

function templateToolCall(call: ToolCall, asObject: boolean): unknown {
  // A model may have written arguments that are no JSON; they stay a text then.
  const args = asObject ? jsonOrText(call.arguments) : call.arguments;
  return { id: call.id, type: "function", function: { name: call.name, arguments: args } };
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
