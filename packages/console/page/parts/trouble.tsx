import type { VNode } from "preact";

/** What went wrong, which a screen reader says at once; nothing where the text is empty. */
export function Trouble({ text }: { readonly text: string }): VNode | null {
  if (text === "") return null;
  return (
    <p class="note bad" role="alert">
      {text}
    </p>
  );
}
