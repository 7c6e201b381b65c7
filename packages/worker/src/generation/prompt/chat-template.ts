import { messageOf } from "@drover/foundation/error-text";
import { Template } from "@huggingface/jinja";
import type { ModelDescription, Vocabulary } from "../../engine/engine.ts";
import { badField } from "../../errors.ts";
import type { ToolFormat } from "../output/tool-calls.ts";
import { probeTemplate, type TemplateHabits, type TemplateMessage } from "./template-probe.ts";

/** For models that bring no template of their own. */
const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** What is known of a model before its template is read. Plain values, for a thread. */
export interface TemplateFacts {
  readonly source: string;
  /** For the template. */
  readonly constants: Readonly<Record<string, unknown>>;
  /** Is `<think>` a token of the vocabulary? */
  readonly hasThinkToken: boolean;
}

export function templateFacts(model: ModelDescription, vocabulary: Vocabulary): TemplateFacts {
  return {
    source: model.chatTemplate ?? CHATML,
    constants: {
      bos_token: controlText(vocabulary, model.bosToken),
      eos_token: controlText(vocabulary, model.eosToken),
    },
    hasThinkToken: vocabulary.tokenize("<think>", "control").length === 1,
  };
}

/** A model's own Jinja template, and what can be told from its text. */
export class ChatTemplate {
  readonly source: string;
  readonly toolFormat: ToolFormat;
  /** Does the template itself describe `tools` to the model, and write earlier calls? If not, Drover does both as text. */
  readonly rendersTools: boolean;
  readonly habits: TemplateHabits;
  /** Does the model think in `<think>` tags? */
  readonly thinks: boolean;
  readonly #template: Template;
  readonly #constants: Readonly<Record<string, unknown>>;

  /** `onUnreadable`: the model's own template is no Jinja that can be parsed; ChatML replaces it. */
  constructor(facts: TemplateFacts, onUnreadable: (reason: string) => void = () => {}) {
    const { source, template } = read(facts.source, onUnreadable);
    this.source = source;
    this.#template = template;
    this.rendersTools = /\btools\b/u.test(this.source) && this.source.includes("tool_calls");
    this.toolFormat = this.rendersTools ? toolFormatOf(this.source) : "hermes";
    this.thinks = this.source.includes("think>") || facts.hasThinkToken;
    this.#constants = facts.constants;
    this.habits = probeTemplate((messages, extra) => this.render(messages, extra));
  }

  /**
   * The prompt's text, up to where the assistant's response begins.
   *
   * @throws RequestError where the template itself refuses the messages (such as roles that must alternate).
   */
  render(messages: readonly TemplateMessage[], extra: Readonly<Record<string, unknown>>): string {
    try {
      return this.#template.render({ ...this.#constants, ...extra, messages, add_generation_prompt: true });
    } catch (error) {
      const reason = messageOf(error);
      throw badField("messages", `The model's chat template refuses these messages: ${reason}`);
    }
  }
}

function read(source: string, onUnreadable: (reason: string) => void): { source: string; template: Template } {
  try {
    return { source, template: new Template(source) };
  } catch (error) {
    onUnreadable(messageOf(error));
    return { source: CHATML, template: new Template(CHATML) };
  }
}

function toolFormatOf(source: string): ToolFormat {
  if (source.includes("<|channel|>")) return "harmony";
  if (source.includes("minimax:tool_call")) return "minimax";
  if (source.includes("<function=")) return "qwen-coder";
  if (source.includes("<arg_key>")) return "glm";
  if (source.includes("<tool_call>")) return "hermes";
  if (source.includes("[TOOL_CALLS]")) return source.includes("[ARGS]") ? "mistral" : "mistral-list";
  if (source.includes("<｜tool▁call")) return "deepseek";
  if (source.includes("<|start_header_id|>") && source.includes("tool_calls")) return "llama3";
  return "hermes";
}

/** Of a token; empty where there is none. */
export function controlText(vocabulary: Vocabulary, token: number | undefined): string {
  return token === undefined ? "" : new TextDecoder().decode(vocabulary.tokenBytes(token, "control"));
}
