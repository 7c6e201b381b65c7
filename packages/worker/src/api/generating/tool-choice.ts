import { invalid } from "../../errors.ts";
import type { OutputConstraint, ToolChoice } from "../../generation/output-grammar.ts";
import type { ToolDefinition } from "../../generation/prompt/chat-message.ts";

/** A tool as a request defines it. @param param where its parameters stand, for errors about them */
export function toolOf({ name, description, parameters, strict }: ToolFields, param?: string): ToolDefinition {
  return {
    name,
    parameters: parameters ?? { type: "object", properties: {} },
    ...(param === undefined ? {} : { param }),
    ...(typeof description === "string" ? { description } : {}),
    ...(strict === true ? { strict } : {}),
  };
}

interface ToolFields {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: ToolDefinition["parameters"] | null | undefined;
  readonly strict?: boolean | null | undefined;
}

/**
 * Whether a tool must be called, and which.
 *
 * @param param where the request names the tool
 * @throws RequestError where there is no such tool, or none at all
 */
export function toolChoiceOf(choice: ToolChoice, tools: readonly ToolDefinition[], param: string): ToolChoice {
  if (choice === "none" || choice === "auto") return choice;
  if (tools.length === 0) throw invalid("tool_choice", "it is allowed only with 'tools' that are functions");
  if (choice === "required") return choice;
  if (tools.some((tool) => tool.name === choice.name)) return { name: choice.name };
  throw invalid(param, `no tool named '${choice.name}' is in 'tools'`);
}

/** The tools that may be called, and whether one must be: of all those with the names that the request allows, where it names some. */
export function chosenTools(
  choice: ToolChoice,
  all: readonly ToolDefinition[],
  param: string,
  allowed?: readonly unknown[],
): Pick<OutputConstraint, "tools" | "toolChoice"> {
  const names = allowed && new Set(allowed);
  const tools = names === undefined ? all : all.filter(({ name }) => names.has(name));
  return { tools, toolChoice: toolChoiceOf(choice, tools, param) };
}

/** The parameters of tools that only another server has: they are left out. */
export function foreignTools(tools: readonly object[]): readonly string[] {
  return tools.flatMap((tool, index) => ("foreign" in tool ? [`tools[${index}]`] : []));
}
