import { RequestError } from "../errors.ts";
import type { GrammarSpec } from "../generation-contract.ts";
import { GrammarRules, literal } from "../json-schema/grammar/grammar-rules.ts";
import { type TextEntry, textTree } from "../json-schema/grammar/text-tree.ts";
import type { Schema } from "../json-schema/schema.ts";
import { refuseCrowdedRules, schemaRule } from "../json-schema/schema-rule.ts";
import { isTagged, taggedArguments, taggedFrame, untaggedFrame } from "./tagged-grammar.ts";
import type { ToolDefinition } from "./prompt/chat-message.ts";
import type { ToolFormat } from "./output/tool-calls.ts";

/** Most calls that a grammar lets a response make side by side. */
const MOST_CALLS = 16;

export type ToolChoice = "none" | "auto" | "required" | { readonly name: string };

/** The content must be JSON that is valid under the schema. */
export interface ContentFormat {
  readonly schema: Schema;
  /** What the schema is called in the request. */
  readonly param: string;
  /** Refuse what a grammar can't say of it. @default false: that is left out, and named */
  readonly strict?: boolean;
}

export interface OutputConstraint {
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  readonly contentFormat?: ContentFormat | undefined;
}

/** What a response must keep to; all of it is JSON, as it is made in another thread. */
export interface CompiledGrammar {
  /** Of all of the content. Absent: it is free. */
  readonly grammar?: GrammarSpec;
  /** Of calls that the model begins of itself, where the content is free. */
  readonly calls?: CompiledCalls;
  /** Parts of schemas that a grammar can't say: more is valid than they allow. */
  readonly relaxed: readonly string[];
}

export interface CompiledCalls {
  /** GBNF of the arguments of all tools, and of further calls. */
  readonly rules: string;
  /** What stands before the first call. */
  readonly outer: string;
  readonly calls: readonly { readonly head: string; readonly after: string }[];
  /** GBNF of what may follow the first call. */
  readonly rest: string;
  /** Most alternatives that are open at one place. */
  readonly openChoices: number;
  /** The part of a schema that each of the rules was made for. */
  readonly places: Readonly<Record<string, string>>;
}

/** @throws RequestError 400 for a schema that a grammar can't say */
export function compileGrammar(format: ToolFormat, constraint: OutputConstraint): CompiledGrammar {
  const { tools, toolChoice, contentFormat } = constraint;
  const rules = new GrammarRules();
  const relaxed = new Set<string>();
  const made = (root: string, param: string) => ({ grammar: finished(rules, root, param), relaxed: [...relaxed] });
  if (tools.length > 0 && toolChoice !== "auto" && toolChoice !== "none") {
    return made(callsRule(rules, format, constraint, relaxed), "tools");
  }
  if (contentFormat === undefined) return tools.length === 0 ? { relaxed: [] } : compileCalls(format, constraint);
  const { schema, param, strict = false } = contentFormat;
  const content = schemaRule(rules, schema, param, strict ? undefined : relaxed);
  if (tools.length === 0) return made(content, param);
  return made(rules.add(`${content} | ${callsRule(rules, format, constraint, relaxed)}`), param);
}

function finished(rules: GrammarRules, root: string, param: string): GrammarSpec {
  const gbnf = rules.toString(root);
  return { gbnf, openChoices: refuseCrowdedRules(rules, gbnf, param), places: rules.places() };
}

/** `auto` takes tools whose schemas a grammar can't say: their arguments are any object, and calls of all are free where even that is too much. */
function compileCalls(format: ToolFormat, constraint: OutputConstraint): CompiledGrammar {
  if (format === "harmony") return { relaxed: [] };
  const rules = new GrammarRules();
  const relaxed = new Set<string>();
  const tools = constraint.tools.map((tool, index) => sayable(format, tool, index, relaxed));
  try {
    const calls = tools.flatMap((tool, index) => {
      const written = argumentsRule(rules, format, tool, index, relaxed);
      const frames = [callFrame(format, tool.name)];
      if (format === "qwen-coder") frames.push({ lead: "", ...untaggedFrame(tool.name) });
      return frames.map(({ head, lead, tail }) => ({ head, after: `${lead} ${written} ${literal(tail)}`.trim() }));
    });
    const repeats = constraint.parallelToolCalls && mayRepeat(format);
    const free = { ...constraint, tools, toolChoice: "auto" } as const;
    const more = repeats ? callsRule(rules, format, free, relaxed, "next") : "";
    const [outer, end] = aroundCalls(format);
    const rest = `${more} ${end === "" ? "" : literal(end)}`.trim();
    const compiled = { rules: rules.lines(), outer, calls, rest };
    const places = rules.places();
    const gbnf = bindCall({ ...compiled, openChoices: 0, places }, compiled.outer)?.gbnf ?? "";
    const openChoices = refuseCrowdedRules(rules, gbnf, "tools");
    return { calls: { ...compiled, openChoices, places }, relaxed: [...relaxed] };
  } catch {
    return { relaxed: ["tools"] }; // Together they are too much: the model calls them freely.
  }
}

/** The tool, or one of that name with any arguments: a bad schema must not fail the other tools. */
function sayable(format: ToolFormat, tool: ToolDefinition, index: number, relaxed: Set<string>): ToolDefinition {
  try {
    argumentsRule(new GrammarRules(), format, tool, index, new Set());
    return tool;
  } catch (error) {
    if (tool.strict === true || !(error instanceof RequestError)) throw error;
    relaxed.add(error.refusal.param ?? tool.name);
    return { ...tool, parameters: { type: "object" } };
  }
}

/**
 * What must follow the beginning of a call that the model made of itself, so that its name and arguments are valid.
 *
 * @param written the call so far, its mark included
 * @returns undefined: the call begins like none of the tools'; it stays free then
 */
export function bindCall(compiled: CompiledCalls, written: string): GrammarSpec | undefined {
  const { rules, outer, calls, rest, openChoices, places } = compiled;
  // Some of Mistral's models write a blank before their list.
  const text = written.replace(/^\[TOOL_CALLS\]\s+/u, "[TOOL_CALLS]");
  if (!text.startsWith(outer)) return undefined;
  const inner = text.slice(outer.length);
  const left = calls
    .filter(({ head }) => head.startsWith(inner))
    .map(({ head, after }): TextEntry => [head.slice(inner.length), after]);
  if (left.length === 0) return undefined;
  const own = new GrammarRules("c");
  const call = own.add(textTree(own, left));
  return { gbnf: own.toString(`${call} ${rest}`.trim()) + rules, openChoices, places };
}

/** What stands before the first call and after the last one. */
function aroundCalls(format: ToolFormat): readonly [before: string, after: string] {
  if (format === "deepseek") return ["<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"];
  if (format === "mistral-list") return ["[TOOL_CALLS][", "]"];
  if (format === "minimax") return ["<minimax:tool_call>", "\n</minimax:tool_call>"];
  return [format === "llama3" ? "<|python_tag|>" : "", ""];
}

function argumentsRule(
  rules: GrammarRules,
  format: ToolFormat,
  tool: ToolDefinition,
  index: number,
  relaxed: Set<string>,
): string {
  const param = tool.param ?? `tools[${index}].function.parameters`;
  const left = tool.strict === true ? undefined : relaxed;
  if (isTagged(format)) return taggedArguments(rules, format, tool, param, left);
  return schemaRule(rules, { type: "object", ...tool.parameters }, param, left);
}

/** @param which `next`: only what may follow a first call */
function callsRule(
  rules: GrammarRules,
  format: ToolFormat,
  constraint: OutputConstraint,
  relaxed: Set<string>,
  which: "all" | "next" = "all",
): string {
  const { tools, toolChoice, parallelToolCalls } = constraint;
  const named = typeof toolChoice === "object" ? toolChoice.name : undefined;
  const entries = tools.flatMap((tool, index): readonly TextEntry[] => {
    if (named !== undefined && tool.name !== named) return [];
    const { head, lead, tail } = callFrame(format, tool.name);
    return [[head, `${lead} ${argumentsRule(rules, format, tool, index, relaxed)} ${literal(tail)}`.trim()]];
  });
  const call = rules.add(textTree(rules, entries));
  const more = parallelToolCalls && named === undefined && mayRepeat(format);
  const rest = rules.repeat(rules.add(`${betweenCalls(format)} ${call}`.trim()), 0, MOST_CALLS - 1);
  if (which === "next") return rest;
  const all = more ? `${call} ${rest}` : call;
  const [before, after] = aroundCalls(format);
  // A model of Llama's is not asked for the token that makes a call of its objects.
  if (after === "") return rules.add(all);
  return rules.add(`${literal(before)} ${rules.add(all)} ${literal(after)}`);
}

function betweenCalls(format: ToolFormat): string {
  if (format === "mistral-list") return '", "';
  // Their heads tell them apart.
  return format === "mistral" || format === "minimax" ? "" : '"\\n"';
}

/** After a call of Llama 3 or gpt-oss the model's text is over. */
function mayRepeat(format: ToolFormat): boolean {
  return format !== "llama3" && format !== "harmony";
}

interface CallFrame {
  readonly head: string;
  /** GBNF of what may stand between the head and the arguments. */
  readonly lead: string;
  readonly tail: string;
}

const CALL_ID = `("[CALL_ID]" ${"[a-zA-Z0-9] ".repeat(9).trim()})?`;

/** What stands before and after the arguments of a call. */
function callFrame(format: ToolFormat, name: string): CallFrame {
  if (format === "mistral") return { head: `[TOOL_CALLS]${name}`, lead: `${CALL_ID} "[ARGS]"`, tail: "" };
  return { lead: "", ...plainFrame(format, name) };
}

function plainFrame(format: Exclude<ToolFormat, "mistral">, name: string): Pick<CallFrame, "head" | "tail"> {
  const json = JSON.stringify(name);
  if (format === "llama3") return { head: `{"name": ${json}, "parameters": `, tail: "}" };
  if (format === "mistral-list") return { head: `{"name": ${json}, "arguments": `, tail: "}" };
  if (format === "harmony") {
    return { head: `<|channel|>commentary to=functions.${name} <|constrain|>json<|message|>`, tail: "" };
  }
  if (isTagged(format)) return taggedFrame(format, name);
  if (format === "hermes") {
    return { head: `<tool_call>\n{"name": ${json}, "arguments": `, tail: "}\n</tool_call>" };
  }
  const head = `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n`;
  return { head, tail: "\n```<｜tool▁call▁end｜>" };
}
