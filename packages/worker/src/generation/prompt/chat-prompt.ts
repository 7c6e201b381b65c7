import type { ModelDescription, Vocabulary } from "../../engine/engine.ts";
import { RequestError } from "../../errors.ts";
import { refuseLongPrompt } from "./prompt-limit.ts";
import type { PromptTokenizer } from "./prompt-tokenizer.ts";
import type { ChatMessage, ToolCall, ToolDefinition } from "./chat-message.ts";
import { ChatTemplate } from "./chat-template.ts";
import type { TemplateMessage } from "./template-probe.ts";
import { ControlTexts } from "./control-texts.ts";
import { type ChatTexts, refuseCostlyChat } from "./refuse-costly-chat.ts";
import type { ReasoningStart } from "../output/reasoning.ts";
import type { TemplateHabits } from "./template-probe.ts";
import { describeTools, writeToolCalls, writeToolResult } from "./tool-texts.ts";

/** The head of gpt-oss's response, without thinking before it. */
const HARMONY_FINAL = "<|channel|>final<|message|>";

export interface ChatPromptInput extends ChatTexts {
  /** False: the response begins with its content, however the model likes to begin. */
  readonly mayThink: boolean;
  /** Are the tokens of system messages and tools to be counted? @default false */
  readonly countsSystem?: boolean;
}

export interface ChatPrompt {
  readonly tokens: number[];
  /** How many of the first come of system messages and tools alone; counted where asked for. */
  readonly systemTokens?: number;
  readonly reasoning: ReasoningStart;
}

export interface ChatPromptParts {
  readonly vocabulary: Vocabulary;
  readonly tokenizer: PromptTokenizer;
}

/** Turns chats into prompts by the model's own template; no text of a client ever becomes a control token. */
export class ChatPrompts {
  readonly template: ChatTemplate;
  readonly #controlTexts: ControlTexts;
  readonly #model: ModelDescription;
  readonly #tokenizer: PromptTokenizer;

  /** `onUnreadable`: see {@link ChatTemplate}. */
  constructor(model: ModelDescription, parts: ChatPromptParts, onUnreadable: (reason: string) => void) {
    const { vocabulary, tokenizer } = parts;
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.template = new ChatTemplate(model, vocabulary, onUnreadable);
    this.#controlTexts = new ControlTexts(vocabulary, model);
  }

  /** See {@link refuseCostlyChat}. */
  refuseCostly(input: ChatTexts): Promise<void> {
    return refuseCostlyChat(input, { tokenizer: this.#tokenizer, controlTexts: this.#controlTexts });
  }

  /** After `refuseCostly`. @throws RequestError where the prompt does not fit, or the template refuses. */
  async build(input: ChatPromptInput): Promise<ChatPrompt> {
    const { text, tokens } = await this.#write(input);
    refuseLongPrompt(tokens, input.limit);
    const reasoning = reasoningStart(text, input);
    if (input.countsSystem !== true) return { tokens, reasoning };
    return { tokens, reasoning, systemTokens: await this.#systemTokens(input, tokens) };
  }

  async #write(input: ChatPromptInput): Promise<{ readonly text: string; readonly tokens: number[] }> {
    const rendered = this.#render({ ...input, messages: heard(input.messages, this.template.habits) });
    const text = this.#finish(rendered, input);
    const tokens = await this.#tokenizer.tokenize(this.#controlTexts.parts(text), true, input.limit);
    const { bosToken, addsBosToken } = this.#model;
    if (addsBosToken && bosToken !== undefined && tokens[0] !== bosToken) tokens.unshift(bosToken);
    return { text, tokens };
  }

  /** What the prompt has in common with one whose user says something else, from the first letter on: whichever way the template writes it. */
  async #systemTokens(input: ChatPromptInput, tokens: readonly number[]): Promise<number> {
    const system = input.messages.filter(({ role }) => role === "system");
    if (system.length === 0 && input.tools.length === 0) return 0;
    const said = input.messages.find(({ role }) => role !== "system")?.content ?? "";
    const other = { role: "user", content: said.trimStart().startsWith("a") ? "b" : "a" } as const;
    try {
      const probe = await this.#write({ ...input, messages: [...system, other] });
      const end = tokens.findIndex((token, index) => token !== probe.tokens[index]);
      return end < 0 ? 0 : end;
    } catch (error) {
      if (error instanceof RequestError) return 0;
      throw error;
    }
  }

  /** The prompt's text alone. @throws RequestError where it can't fit, or the template refuses */
  async text(input: ChatPromptInput): Promise<string> {
    await this.refuseCostly(input);
    const rendered = this.#render({ ...input, messages: heard(input.messages, this.template.habits) });
    return this.#controlTexts.parts(this.#finish(rendered, input)).join("");
  }

  #render(input: Omit<ChatPromptInput, "limit">): string {
    const asTools = input.tools.length > 0 && this.template.rendersTools;
    const messages = input.messages.map((message) => this.#templateMessage(message));
    const guardedTools = guardAll(input.tools, this.#controlTexts);
    const tools = asTools ? { tools: guardedTools.map(templateTool) } : {};
    const thinking = input.mayThink ? {} : { enable_thinking: false };
    return this.template.render(
      asTools || input.tools.length === 0
        ? messages
        : withSystemText(messages, describeTools(guardedTools), this.template.habits),
      { ...guardAll(input.templateArguments, this.#controlTexts), ...thinking, ...tools },
    );
  }

  /** Closes a thinking part that is not wanted, and adds the prefill. */
  #finish(rendered: string, input: Omit<ChatPromptInput, "limit">): string {
    let text = rendered;
    if (!input.mayThink && this.template.toolFormat === "harmony") text += HARMONY_FINAL;
    else if (!input.mayThink && this.template.thinks) {
      const end = rendered.trimEnd();
      if (end.endsWith("<think>")) text += "\n</think>";
      else if (!end.endsWith("</think>")) text += "<think>\n\n</think>";
    }
    return input.prefill === undefined ? text : text + this.#controlTexts.guard(input.prefill);
  }

  #templateMessage(message: ChatMessage): TemplateMessage {
    const guard = (text: string) => this.#controlTexts.guard(text);
    if (message.role === "tool") {
      if (this.template.rendersTools) {
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
    if (!this.template.rendersTools) {
      return {
        role: "assistant",
        content: guard(message.content) + writeToolCalls(guardAll(message.toolCalls, this.#controlTexts)),
        ...reasoning,
      };
    }
    const calls = guardAll(
      message.toolCalls.map((call) => templateToolCall(call, this.template.habits.argumentObjects)),
      this.#controlTexts,
    );
    // DeepSeek's template tells calls from text by `content is none`.
    const content = message.content === "" ? null : guard(message.content);
    const asText = this.template.toolFormat === "deepseek" ? content : (content ?? "");
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

/** What a client began to write for the model is content, whatever stands in it. */
function reasoningStart(text: string, { prefill }: ChatPromptInput): ReasoningStart {
  if (text.endsWith(HARMONY_FINAL)) return "closed";
  if (prefill !== undefined && prefill !== "") return "off";
  const end = text.trimEnd();
  if (end.endsWith("<think>")) return "inside";
  return end.endsWith("</think>") ? "closed" : "may-open";
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
  const args = asObject ? parseArguments(call.arguments) : call.arguments;
  return { id: call.id, type: "function", function: { name: call.name, arguments: args } };
}

/** A model may have written arguments that are no JSON; they stay a text then. */
function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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
