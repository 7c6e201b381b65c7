import type { VNode } from "preact";
import { texts } from "../../language/language.ts";
import { Markdown } from "../../markdown/markdown.tsx";
import { announceEnd } from "../announce-end.ts";
import { ResponseActions } from "./response-actions.tsx";
import { FiguresLine } from "./figures-line.tsx";
import { PhaseLine } from "./phase-line.tsx";
import type { ResponseMessage } from "../conversation.ts";
import { Thoughts } from "./thoughts.tsx";
import { partsOf } from "./thinking.ts";
import { memo } from "../../parts/memo.ts";
import { Trouble } from "../../parts/trouble.tsx";

interface ResponseViewProps {
  readonly conversationId: string;
  readonly message: ResponseMessage;
  readonly isLast: boolean;
}

/** A response: what it waits for, its thinking, its text, and how it went. */
export const ResponseView = memo(
  ({ conversationId, message, isLast }: ResponseViewProps): VNode => {
    const isRunning = message.end === "running";
    const { content, reasoning, isThinking } = partsOf(message);
    announceEnd(message, content);
    return (
      <article class="response" aria-label={texts.value.response} aria-busy={isRunning}>
        {reasoning.trim() !== "" && (
          <Thoughts text={reasoning} isThinking={isThinking} thinkingMs={message.figures.thinkingMs} />
        )}
        {content.trim() !== "" && <Markdown text={content} />}
        {isRunning && <PhaseLine conversationId={conversationId} />}
        <Workers workers={message.workers} />
        <End message={message} hasText={content !== "" || reasoning !== ""} />
        {!isRunning && (
          <div class="actions">
            <ResponseActions conversationId={conversationId} message={message} content={content} isLast={isLast} />
            <FiguresLine message={message} />
          </div>
        )}
      </article>
    );
  },
  (one, other) => one.message === other.message && one.isLast === other.isLast,
);

/** Where a worker died under way, the ones that resumed the response. */
function Workers({ workers }: Pick<ResponseMessage, "workers">): VNode | null {
  if (workers.length < 2) return null;
  return (
    <p class="note moved">
      {workers.slice(1).map((worker, index) => (
        <span key={index}>{texts.value.wentOn(worker)}</span>
      ))}
    </p>
  );
}

function End({ message, hasText }: { readonly message: ResponseMessage; readonly hasText: boolean }): VNode | null {
  const { stopped, cutOff, failed, brokeOff, unreachable } = texts.value;
  if (message.end === "stopped") return <p class="note">{stopped}</p>;
  if (message.end === "length") return <p class="note">{cutOff}</p>;
  if (message.end !== "failed") return null;
  const reason = message.error === "unreachable" ? unreachable : (message.error ?? "");
  return <Trouble text={hasText ? brokeOff(reason) : failed(reason)} />;
}
