import type { ResponseMessage } from "../conversation.ts";

export interface ResponseParts {
  readonly reasoning: string;
  readonly content: string;
  /** The model still thinks. */
  readonly isThinking: boolean;
}

const OPEN = "<think>";
const CLOSE = "</think>";

/** Thinking and response apart: as the server tells them, or by the tags in the text where it does not. */
export function partsOf({
  reasoning,
  content,
  end,
}: Pick<ResponseMessage, "reasoning" | "content" | "end">): ResponseParts {
  const isRunning = end === "running";
  if (reasoning !== "") return { reasoning, content, isThinking: isRunning && content.trim() === "" };
  const text = content.trimStart();
  if (isRunning && text !== "" && OPEN.startsWith(text)) return { reasoning: "", content: "", isThinking: true };
  if (!text.startsWith(OPEN)) return { reasoning: "", content, isThinking: false };
  const close = text.indexOf(CLOSE);
  if (close < 0) return { reasoning: text.slice(OPEN.length), content: "", isThinking: isRunning };
  return { reasoning: text.slice(OPEN.length, close), content: text.slice(close + CLOSE.length), isThinking: false };
}
