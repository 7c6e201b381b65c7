import { charClass, type GrammarRules, literal } from "../json-schema/grammar/grammar-rules.ts";
import { anyValue } from "../json-schema/grammar/json-rules.ts";
import type { ToolDefinition } from "./prompt/chat-message.ts";
import type { ToolFormat } from "./prompt/chat-template.ts";

type TaggedFormat = Extract<ToolFormat, "qwen-coder" | "glm" | "minimax">;

const TAGGED: ReadonlySet<ToolFormat> = new Set(["qwen-coder", "glm", "minimax"]);

/** Are arguments elements rather than one object? */
export function isTagged(format: ToolFormat): format is TaggedFormat {
  return TAGGED.has(format);
}

/** What stands before and after the arguments of a call. */
export function taggedFrame(format: TaggedFormat, name: string): { readonly head: string; readonly tail: string } {
  if (format === "glm") return { head: `<tool_call>${name}\n`, tail: "</tool_call>" };
  if (format === "minimax") {
    return { head: `<minimax:tool_call>\n<invoke name="${name}">\n`, tail: "</invoke>\n</minimax:tool_call>" };
  }
  return { head: `<tool_call>\n<function=${name}>\n`, tail: "</function>\n</tool_call>" };
}

/** Anything but the beginning of a tag. */
const PLAIN_TEXT = `${charClass([
  [0x09, 0x0a],
  [0x20, 0x3b],
  [0x3d, 0xd7ff],
  [0xe000, 0x10ffff],
])}*`;

/** The rule of a tool's arguments as elements, in their order; texts have no `<`. */
export function taggedArguments(rules: GrammarRules, format: TaggedFormat, tool: ToolDefinition): string {
  const { properties, required } = tool.parameters;
  const names = typeof properties === "object" && properties !== null ? Object.entries(properties) : [];
  const must = new Set(Array.isArray(required) ? required : []);
  const elements = names.map(([name, schema]: [string, unknown]) => {
    const isText = typeof schema === "object" && schema !== null && Reflect.get(schema, "type") === "string";
    const { head, tail } = elementFrame(format, name);
    const element = rules.add(`${literal(head)} ${isText ? PLAIN_TEXT : anyValue(rules)} ${literal(tail)}`);
    return must.has(name) ? element : `${element}?`;
  });
  return elements.length === 0 ? '""' : rules.add(elements.join(" "));
}

function elementFrame(format: TaggedFormat, name: string): { readonly head: string; readonly tail: string } {
  if (format === "glm") return { head: `<arg_key>${name}</arg_key>\n<arg_value>`, tail: "</arg_value>\n" };
  if (format === "minimax") return { head: `<parameter name="${name}">`, tail: "</parameter>\n" };
  return { head: `<parameter=${name}>\n`, tail: "\n</parameter>\n" };
}
