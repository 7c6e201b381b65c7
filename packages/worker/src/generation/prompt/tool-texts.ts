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

/** An assistant's earlier calls as text. */
export function writeToolCalls(calls: readonly ToolCall[]): string {
  return calls
    .map(
      (call) => `\n<tool_call>\n{"name": ${JSON.stringify(call.name)}, "arguments": ${call.arguments}}\n</tool_call>`,
    )
    .join("");
}

/** What a tool returned, as a user's message. */
export function writeToolResult(content: string): string {
  return `<tool_response>\n${content}\n</tool_response>`;
}
