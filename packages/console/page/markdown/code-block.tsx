import type { ComponentChildren, VNode } from "preact";
import { texts } from "../language/language.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { lazyModule } from "../parts/lazy-module.ts";

/** The languages' grammars come with the first response that has code. */
const highlighter = lazyModule(() => import("./highlight.ts"));

/** Code, coloured where its language is known, with a button to copy it. */
export function CodeBlock({ text, language }: { readonly text: string; readonly language: string }): VNode {
  const name = language.split(/\s/u)[0] ?? "";
  return (
    <figure class="code">
      <figcaption>
        <span>{name}</span>
        <CopyButton text={text} label={texts.value.copyCode} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{coloured(text, name)}</code>
      </pre>
    </figure>
  );
}

function coloured(text: string, language: string): ComponentChildren {
  const pieces = highlighter.get()?.highlight(text, language);
  if (pieces === undefined) return text;
  return pieces.map(({ text: piece, kind }, index) =>
    kind === undefined ? (
      piece
    ) : (
      <span key={index} class={`token-${kind}`}>
        {piece}
      </span>
    ),
  );
}
