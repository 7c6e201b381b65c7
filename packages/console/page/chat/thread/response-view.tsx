import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { texts } from "../../language/language.ts";
import { durationText, numberText } from "../../language/numbers.ts";
import { Markdown } from "../../markdown/markdown.tsx";
import { announce } from "../../parts/announcer.tsx";
import { memo } from "../../parts/memo.ts";
import { Trouble } from "../../parts/trouble.tsx";
import { type ResponseMessage, tokensPerSecond } from "../conversation.ts";
import { type Phase, running } from "../generation.ts";
import { ResponseActions } from "./response-actions.tsx";
import { partsOf } from "./thinking.ts";

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

/** Tells a screen reader when a response begins and, when it is complete, its text: each token by itself would drown everything else. */
function announceEnd({ end }: Pick<ResponseMessage, "end">, content: string): void {
  const before = useRef(end);
  useEffect(() => {
    const { generating, complete, stopped } = texts.value;
    if (end === "running") announce(generating);
    else if (before.current === "running") announce(end === "stopped" ? stopped : `${complete} ${content}`);
    before.current = end;
  }, [end]);
}

interface ThoughtsProps {
  readonly text: string;
  readonly isThinking: boolean;
  readonly thinkingMs: number | undefined;
}

/** What the model thought before its response: open while it thinks, folded after, as the user likes from then on. */
function Thoughts({ text, isThinking, thinkingMs }: ThoughtsProps): VNode {
  const [isOpen, setOpen] = useState(isThinking);
  useEffect(() => setOpen(isThinking), [isThinking]);
  const { thinking, thought, thoughtPlain } = texts.value;
  const done = thinkingMs === undefined ? thoughtPlain : thought(durationText(thinkingMs));
  return (
    <details class="thoughts" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{isThinking ? thinking : done}</summary>
      <Markdown text={text.trim()} />
    </details>
  );
}

/** What a running response waits for. */
function PhaseLine({ conversationId }: { readonly conversationId: string }): VNode | null {
  const phase = running.value.get(conversationId)?.phase;
  if (phase === undefined) return null;
  if (phase.kind === "writing") return <span class="cursor" aria-hidden="true" />;
  return (
    <div class="phase" role="status">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {phaseText(phase)}
      {phase.kind === "prompt" && (
        <progress value={phase.readTokens} max={phase.allTokens} aria-label={phaseText(phase)} />
      )}
    </div>
  );
}

function phaseText(phase: Exclude<Phase, { kind: "writing" }>): string {
  const { queued, reading, sending } = texts.value;
  if (phase.kind === "queued") return queued(phase.place);
  return phase.kind === "prompt" ? reading(phase.readTokens, phase.allTokens) : sending;
}

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

/** How a response went: speed, time to its first token, and who made it. */
function FiguresLine({ message }: { readonly message: ResponseMessage }): VNode | null {
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
