import { useEffect, useRef } from "preact/hooks";
import { texts } from "../language/language.ts";
import { announce } from "../parts/announcer.tsx";
import type { ResponseMessage } from "./conversation.ts";

/** Tells a screen reader when a response begins and, when it is complete, its text: each token by itself would drown everything else. */
export function announceEnd({ end }: Pick<ResponseMessage, "end">, content: string): void {
  const before = useRef(end);
  useEffect(() => {
    const { generating, complete, stopped } = texts.value;
    if (end === "running") announce(generating);
    else if (before.current === "running") announce(end === "stopped" ? stopped : `${complete} ${content}`);
    before.current = end;
  }, [end]);
}
