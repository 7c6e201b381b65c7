import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { texts } from "../../language/language.ts";
import { durationText } from "../../language/numbers.ts";
import { Markdown } from "../../markdown/markdown.tsx";

interface ThoughtsProps {
  readonly text: string;
  readonly isThinking: boolean;
  readonly thinkingMs: number | undefined;
}

/** What the model thought before its response: open while it thinks, folded after, as the user likes from then on. */
export function Thoughts({ text, isThinking, thinkingMs }: ThoughtsProps): VNode {
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
