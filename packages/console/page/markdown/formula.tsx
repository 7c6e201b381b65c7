import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type Temml from "temml";
import { lazyModule } from "../parts/lazy-module.ts";

/** 58 KB that only a response with a formula loads. */
const temml = lazyModule(() => import("temml"));

/** A formula as MathML, which browsers draw themselves; its source until it is there, and where it is no LaTeX. */
export function Formula({ text, isBlock }: { readonly text: string; readonly isBlock: boolean }): VNode {
  const element = useRef<HTMLSpanElement>(null);
  const loaded = temml.get()?.default;
  useEffect(() => {
    if (loaded === undefined || element.current === null) return;
    draw(loaded, element.current, text, isBlock);
  }, [loaded, text, isBlock]);
  return <span ref={element} class={isBlock ? "formula block" : "formula"} data-source={text} />;
}

function draw({ render }: Pick<typeof Temml, "render">, target: HTMLElement, text: string, isBlock: boolean): void {
  try {
    // Without `trust`, the commands that make links, classes or images are refused.
    render(text, target, { displayMode: isBlock, trust: false, throwOnError: true });
  } catch {
    target.textContent = "";
  }
}
