import { useEffect, useRef } from "preact/hooks";
import { texts } from "../language/language.ts";
import { announce } from "../parts/announcer.tsx";
import type { AnswerMessage } from "./conversation.ts";

/** Tells a screen reader when a response begins and, when it is complete, its text: each token by itself would drown everything else. */
export function announceEnd({ end }: Pick<AnswerMessage, "end">, content: string): void {
  const before = useRef(end);
  useEffect(() => {
    const { answering, answered, stopped } = texts.value;
    if (end === "running") announce(answering);
    else if (before.current === "running") announce(end === "stopped" ? stopped : `${answered} ${content}`);
    before.current = end;
  }, [end]);
}
