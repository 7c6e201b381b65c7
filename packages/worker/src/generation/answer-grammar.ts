import type { GrammarSpec } from "../slots/generation-request.ts";
import type { ToolDefinition } from "./chat-message.ts";
import type { ToolFormat } from "./chat-template.ts";
import { GrammarRules, literal } from "./json-schema/grammar-rules.ts";
import type { Schema } from "./json-schema/schema.ts";
import { schemaRule } from "./json-schema/schema-rule.ts";

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

function callsRule(rules: GrammarRules, format: ToolFormat, answer: ConstrainedAnswer): string {
  const { tools, toolChoice, parallelToolCalls } = answer;
  const named = typeof toolChoice === "object" ? toolChoice.name : undefined;
  const calls = tools.flatMap((tool, index) => {
    if (named !== undefined && tool.name !== named) return [];
    const args = schemaRule(rules, { type: "object", ...tool.parameters }, `tools[${index}].function.parameters`);
    return [rules.add(callBody(format, tool.name, args))];
  });
  const call = rules.add(calls.join(" | "));
  const more = parallelToolCalls && named === undefined && format !== "llama3";
  const all = more ? `${call} ${rules.repeat(rules.add(`"\\n" ${call}`), 0, MOST_CALLS - 1)}` : call;
  if (format !== "deepseek") return rules.add(all);
  return rules.add(`${literal("<｜tool▁calls▁begin｜>")} ${rules.add(all)} ${literal("<｜tool▁calls▁end｜>")}`);
}

function callBody(format: ToolFormat, name: string, args: string): string {
  const json = JSON.stringify(name);
  if (format === "llama3") return `${literal(`{"name": ${json}, "parameters": `)} ${args} "}"`;
  if (format === "hermes") {
    return `${literal(`<tool_call>\n{"name": ${json}, "arguments": `)} ${args} ${literal("}\n</tool_call>")}`;
  }
  const head = `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n`;
  return `${literal(head)} ${args} ${literal("\n```<｜tool▁call▁end｜>")}`;
}
