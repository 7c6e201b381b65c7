import type { TemplateHabits } from "../../generation/prompt/template-probe.ts";

/**
 * What a chat may hold, by llama.cpp's names. Drover writes tools, calls and results as text where a template knows none, so most of it does not depend on
 * the template.
 */
export function templateCaps({ argumentObjects }: TemplateHabits) {
  return {
    supports_string_content: true,
    supports_typed_content: true,
    supports_system_role: true,
    supports_tools: true,
    supports_tool_calls: true,
    supports_parallel_tool_calls: true,
    supports_object_arguments: argumentObjects,
    supports_preserve_reasoning: false,
  };
}
