import type { VNode } from "preact";
import { texts } from "../../language/language.ts";
import { durationText, numberText } from "../../language/numbers.ts";
import { type ResponseMessage, tokensPerSecond } from "../conversation.ts";

/** How a response went: speed, time to its first token, and who made it. */
export function FiguresLine({ message }: { readonly message: ResponseMessage }): VNode | null {
  const { figures, workers, model, requestId } = message;
  const { tokens, perSecond, firstToken, promptTokens, worker } = texts.value;
  const speed = tokensPerSecond(figures);
  const { firstTokenMs, completionTokens = 0, promptTokens: prompt = 0, cachedTokens = 0 } = figures;
  const parts = [
    speed === undefined ? "" : perSecond(numberText(speed)),
    firstTokenMs === undefined ? "" : firstToken(durationText(firstTokenMs)),
    completionTokens > 0 ? tokens(completionTokens) : "",
    workers.length > 0 ? worker(workers.at(-1) ?? "") : "",
  ].filter((part) => part !== "");
  if (parts.length === 0) return null;
  const more = [model, prompt > 0 ? promptTokens(prompt, cachedTokens) : "", requestId].filter((part) => part !== "");
  return (
    <p class="figures" title={more.join("\n")}>
      {parts.map((part) => (
        <span key={part}>{part}</span>
      ))}
    </p>
  );
}
