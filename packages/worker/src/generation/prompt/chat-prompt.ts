import type { Clock } from "@drover/foundation/clock";
import type { ModelDescription, Vocabulary } from "../../engine/engine.ts";
import { invalid, unlessRefused } from "../../errors.ts";
import { commonPrefix } from "../../state/slots-by-prefix.ts";
import { refuseLongPrompt } from "./prompt-limit.ts";
import { type PromptTokenizer, withBos } from "./prompt-tokenizer.ts";
import { ChatTemplate, templateFacts } from "./chat-template.ts";
import { ChatRenderer } from "./chat-renderer.ts";
import type { WrittenChat } from "./chat-writer.ts";
import { ControlTexts, controlTextsOf } from "./control-texts.ts";
import { type ChatTexts, refuseCostlyChat } from "./refuse-costly-chat.ts";
import type { ReasoningStart } from "../output/reasoning.ts";

/** The head of gpt-oss's response, without thinking before it. */
const HARMONY_FINAL = "<|channel|>final<|message|>";

export interface ChatPromptInput extends ChatTexts, WrittenChat {
  /** Are the tokens of system messages and tools to be counted? @default false */
  readonly countsSystem?: boolean;
}

export interface ChatPrompt {
  readonly tokens: readonly number[];
  /** How many of the first come of system messages and tools alone; counted where asked for. */
  readonly systemTokens?: number;
  readonly reasoning: ReasoningStart;
}

export interface ChatPromptParts {
  readonly vocabulary: Vocabulary;
  readonly tokenizer: PromptTokenizer;
  readonly clock: Clock;
}

/** Turns chats into prompts by the model's own template; no text of a client ever becomes a control token. */
export class ChatPrompts {
  readonly template: ChatTemplate;
  readonly #controlTexts: ControlTexts;
  readonly #model: ModelDescription;
  readonly #tokenizer: PromptTokenizer;
  readonly #renderer: ChatRenderer;

  /** `onUnreadable`: see {@link ChatTemplate}. */
  constructor(model: ModelDescription, parts: ChatPromptParts, onUnreadable: (reason: string) => void) {
    const { vocabulary, tokenizer, clock } = parts;
    this.#model = model;
    this.#tokenizer = tokenizer;
    const facts = templateFacts(model, vocabulary);
    const controlTexts = controlTextsOf(vocabulary, model.vocabularySize);
    this.template = new ChatTemplate(facts, onUnreadable);
    this.#controlTexts = new ControlTexts(controlTexts);
    const own = { template: this.template, controlTexts: this.#controlTexts };
    this.#renderer = new ChatRenderer({ facts, controlTexts }, own, clock);
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

  async #write(input: ChatPromptInput): Promise<{ readonly text: string; readonly tokens: readonly number[] }> {
    const text = this.#finish(await this.#renderer.render(input), input);
    const tokens = await this.#tokenizer.tokenize(this.#controlTexts.parts(text), "control", input.limit);
    return { text, tokens: withBos(this.#model, tokens) };
  }

  /** What the prompt has in common with one whose user says something else, from the first letter on: whichever way the template writes it. */
  async #systemTokens(input: ChatPromptInput, tokens: readonly number[]): Promise<number> {
    const system = input.messages.filter(({ role }) => role === "system");
    if (system.length === 0 && input.tools.length === 0) return 0;
    const first = input.messages.find(({ role }) => role !== "system")?.content ?? "";
    const other = { role: "user", content: first.trimStart().startsWith("a") ? "b" : "a" } as const;
    return await unlessRefused(async () => {
      const probe = await this.#write({ ...input, messages: [...system, other] });
      const same = commonPrefix(tokens, probe.tokens);
      return same === tokens.length ? 0 : same;
    }, 0);
  }

  /** The prompt's text alone. @throws RequestError where it can't fit, or the template refuses */
  async text(input: ChatPromptInput): Promise<string> {
    await this.refuseCostly(input);
    const text = this.#finish(await this.#renderer.render(input), input);
    return this.#controlTexts.parts(text).join("");
  }

  /** Adds the prefill, with its thinking before it, and closes a thinking part that is not wanted. */
  #finish(rendered: string, input: Omit<ChatPromptInput, "limit">): string {
    const { mayThink, prefill = "", prefillThinking = "" } = input;
    const { thinks, toolFormat } = this.template;
    const hasTags = thinks && toolFormat !== "harmony";
    if (mayThink && prefillThinking !== "" && !hasTags) {
      throw invalid(
        "continue_final_message",
        "this model does not think in <think> tags, so its thinking can't be continued; send text to continue",
      );
    }
    let text = rendered;
    if (hasTags && (prefillThinking !== "" || !mayThink))
      text = this.#withThinking(rendered, prefillThinking, !mayThink);
    else if (!mayThink && toolFormat === "harmony") text += HARMONY_FINAL;
    return text + this.#controlTexts.guard(prefill);
  }

  /** Where the template has closed the tags already, no thinking is wanted. */
  #withThinking(rendered: string, thinking: string, isOver: boolean): string {
    const end = rendered.trimEnd();
    if (end.endsWith("</think>")) return rendered;
    const opened = end.endsWith("<think>") ? rendered : `${rendered}<think>\n`;
    const close = thinking === "" ? "\n</think>" : "\n</think>\n\n";
    return `${opened}${this.#controlTexts.guard(thinking)}${isOver ? close : ""}`;
  }
}

/** What a client began to write for the model is content, whatever stands in it; the model may think all the same before it goes on. */
function reasoningStart(
  text: string,
  { prefill = "", prefillThinking = "", mayThink }: ChatPromptInput,
): ReasoningStart {
  if (text.endsWith(HARMONY_FINAL)) return "closed";
  if (prefill !== "") return "may-open";
  const end = text.trimEnd();
  if (end.endsWith("<think>")) return "inside";
  if (end.endsWith("</think>")) return "closed";
  return mayThink && prefillThinking !== "" ? "continued" : "may-open";
}
