import { propertyTypes } from "../../json-schema/value-types.ts";
import type { ToolCall, ToolDefinition } from "./chat-message.ts";

/** For templates that know nothing of tools: the description that Hermes-family models were trained on. */
export function describeTools(tools: readonly ToolDefinition[]): string {
  const signatures = tools.map((tool) => JSON.stringify({ type: "function", function: tool })).join("\n");
  return (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" +
    `You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n${signatures}\n</tools>\n\n` +
    "For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n" +
    '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
  );
}

/** For templates that write the type of each argument, and fail where a schema names none, such as one with `anyOf`. */
export function withTypes(parameters: ToolDefinition["parameters"]): ToolDefinition["parameters"] {
  const { properties } = parameters;
  if (typeof properties !== "object" || properties === null) return parameters;
  const typesOf = propertyTypes(parameters);
  const typed = Object.entries(properties).map(([name, schema]: [string, unknown]) => {
    const entries = Object.entries(Object(schema) as object).filter(([, value]) => value !== null);
    return [name, { type: typesOf(name)?.join(" or ") ?? "any", ...Object.fromEntries(entries) }];
  });
  return { ...parameters, properties: Object.fromEntries(typed) as Readonly<Record<string, unknown>> };
}

/** An assistant's earlier calls as text. */
export function writeToolCalls(calls: readonly ToolCall[]): string {
  return calls
    .map(
      ({ name, arguments: args }) =>
        `\n<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${args.trim() || "{}"}}\n</tool_call>`,
    )
    .join("");
}

/** What a tool returned, as a user's message. */
export function writeToolResult(content: string): string {
  return `<tool_response>\n${content}\n</tool_response>`;
}
