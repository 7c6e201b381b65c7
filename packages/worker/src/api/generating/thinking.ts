import { z } from "zod";

/** Thinking that each effort allows, in tokens; from `high` on it is not bounded. */
const EFFORT_TOKENS: Readonly<Record<string, number>> = { none: 0, minimal: 128, low: 512, medium: 2048 };

const efforts = z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]);

/** Some clients have a name for asking for nothing. */
export const effort = z.preprocess((name) => (name === "default" || name === "auto" ? null : name), efforts.nullish());

/** The switches by which clients of many servers turn thinking on and off. */
export const thinkingFields = {
  reasoning_effort: effort.nullish(),
  thinking_budget: z.int().min(-1).nullish(),
  thinking_budget_tokens: z.int().min(-1).nullish(),
  reasoning_budget: z.int().min(-1).nullish(),
  enable_thinking: z.boolean().nullish(),
  think: z.union([z.boolean(), effort]).nullish(),
  thinking: z
    .object({ type: z.enum(["enabled", "disabled", "adaptive", "auto"]), budget_tokens: z.int().min(0).nullish() })
    .nullish(),
  reasoning: z
    .object({ effort: effort.nullish(), max_tokens: z.int().min(0).nullish(), enabled: z.boolean().nullish() })
    .nullish(),
} as const;

type ThinkingBody = Partial<z.output<z.ZodObject<typeof thinkingFields>>> & {
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>> | null | undefined;
};

/** Most tokens of thinking; 0: none; undefined: as many as the model likes. The most exact of the switches counts. */
export function thinkingBudgetOf(body: ThinkingBody): number | undefined {
  if (isOff(body)) return 0;
  const tokens = [
    body.thinking_budget,
    body.thinking_budget_tokens,
    body.reasoning_budget,
    body.thinking?.budget_tokens,
    body.reasoning?.max_tokens,
  ].find((one) => typeof one === "number" && one >= 0);
  if (typeof tokens === "number") return tokens;
  const named =
    body.reasoning_effort ?? body.reasoning?.effort ?? (typeof body.think === "string" ? body.think : undefined);
  return effortTokens(named);
}

function isOff({ enable_thinking, think, thinking, reasoning, chat_template_kwargs }: ThinkingBody): boolean {
  return (
    enable_thinking === false ||
    think === false ||
    thinking?.type === "disabled" ||
    reasoning?.enabled === false ||
    chat_template_kwargs?.["enable_thinking"] === false ||
    chat_template_kwargs?.["thinking"] === false
  );
}

export function effortTokens(name: string | null | undefined): number | undefined {
  return name === null || name === undefined ? undefined : EFFORT_TOKENS[name];
}
