/**
 * What a chat may hold, by llama.cpp's names. Drover writes tools, calls and results as text where a template knows none, so these do not depend on
 * the template.
 */
export const templateCaps = {
  supports_string_content: true,
  supports_typed_content: true,
  supports_system_role: true,
  supports_tools: true,
  supports_tool_calls: true,
  supports_parallel_tool_calls: true,
} as const;
