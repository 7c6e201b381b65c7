import type { GrammarSpec } from "../generation-contract.ts";
import type { ToolDefinition } from "./prompt/chat-message.ts";
import type { ToolFormat } from "./prompt/chat-template.ts";
import { GrammarRules, literal } from "../json-schema/grammar/grammar-rules.ts";
import type { Schema } from "../json-schema/schema.ts";
import { schemaRule } from "../json-schema/schema-rule.ts";

/** Most calls that a grammar lets an answer make side by side. */
const MOST_CALLS = 16;

export type ToolChoice = "none" | "auto" | "required" | { readonly name: string };

/** The content must be JSON that is valid under the schema. */
export interface AnswerFormat {
  readonly schema: Schema;
  /** What the schema is called in the request. */
  readonly param: string;
}

export interface ConstrainedAnswer {
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  readonly answerFormat?: AnswerFormat;
}

/** What an answer must keep to; undefined: it is free, and may call tools as it likes. */
export function answerGrammar(format: ToolFormat, answer: ConstrainedAnswer): GrammarSpec | undefined {
  const { tools, toolChoice, answerFormat } = answer;
  const rules = new GrammarRules();
  if (tools.length > 0 && toolChoice !== "auto" && toolChoice !== "none") {
    return { gbnf: rules.toString(callsRule(rules, format, answer)) };
  }
  if (answerFormat === undefined) return undefined;
  const content = schemaRule(rules, answerFormat.schema, answerFormat.param);
  if (tools.length === 0) return { gbnf: rules.toString(content) };
  return { gbnf: rules.toString(`${content} | ${callsRule(rules, format, answer)}`) };
}

/**
 * What must follow the beginning of a call that the model made of itself, so that its name and arguments are valid.
 *
 * @param written the call so far, its mark included
 * @returns undefined: the call begins like none of the tools', or a grammar can't say their schemas; it stays free then
 */
export function callGrammar(
  format: ToolFormat,
  answer: Pick<ConstrainedAnswer, "tools" | "parallelToolCalls">,
  written: string,
): GrammarSpec | undefined {
  const rules = new GrammarRules();
  const outer = format === "llama3" ? "<|python_tag|>" : format === "deepseek" ? DEEPSEEK_CALLS[0] : "";
  if (!written.startsWith(outer)) return undefined;
  const inner = written.slice(outer.length);
  try {
    const calls = answer.tools.flatMap((tool, index) => {
      const { head, tail } = callFrame(format, tool.name);
      if (!head.startsWith(inner)) return [];
      return [rules.add(`${literal(head.slice(inner.length))} ${argumentsRule(rules, tool, index)} ${literal(tail)}`)];
    });
    if (calls.length === 0) return undefined;
    const repeats = answer.parallelToolCalls && format !== "llama3";
    const more = repeats ? ` ${callsRule(rules, format, { ...answer, toolChoice: "auto" }, "next")}` : "";
    const end = format === "deepseek" ? ` ${literal(DEEPSEEK_CALLS[1])}` : "";
    return { gbnf: rules.toString(`${rules.add(calls.join(" | "))}${more}${end}`) };
  } catch {
    return undefined; // A schema that is not supported: `auto` takes it all the same.
  }
}

const DEEPSEEK_CALLS = ["<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"] as const;

function argumentsRule(rules: GrammarRules, tool: ToolDefinition, index: number): string {
  return schemaRule(rules, { type: "object", ...tool.parameters }, `tools[${index}].function.parameters`);
}

/** @param which `next`: only what may follow a first call */
function callsRule(
  rules: GrammarRules,
  format: ToolFormat,
  answer: ConstrainedAnswer,
  which: "all" | "next" = "all",
): string {
  const { tools, toolChoice, parallelToolCalls } = answer;
  const named = typeof toolChoice === "object" ? toolChoice.name : undefined;
  const calls = tools.flatMap((tool, index) => {
    if (named !== undefined && tool.name !== named) return [];
    const { head, tail } = callFrame(format, tool.name);
    return [rules.add(`${literal(head)} ${argumentsRule(rules, tool, index)} ${literal(tail)}`)];
  });
  const call = rules.add(calls.join(" | "));
  const more = parallelToolCalls && named === undefined && format !== "llama3";
  const rest = rules.repeat(rules.add(`"\\n" ${call}`), 0, MOST_CALLS - 1);
  if (which === "next") return rest;
  const all = more ? `${call} ${rest}` : call;
  if (format !== "deepseek") return rules.add(all);
  return rules.add(`${literal(DEEPSEEK_CALLS[0])} ${rules.add(all)} ${literal(DEEPSEEK_CALLS[1])}`);
}

/** What stands before and after the arguments of a call. */
function callFrame(format: ToolFormat, name: string): { readonly head: string; readonly tail: string } {
  const json = JSON.stringify(name);
  if (format === "llama3") return { head: `{"name": ${json}, "parameters": `, tail: "}" };
  if (format === "hermes") {
    return { head: `<tool_call>\n{"name": ${json}, "arguments": `, tail: "}\n</tool_call>" };
  }
  const head = `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n`;
  return { head, tail: "\n```<｜tool▁call▁end｜>" };
}
