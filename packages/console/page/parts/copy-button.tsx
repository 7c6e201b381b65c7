import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { after } from "../clock.ts";
import { texts } from "../language/language.ts";
import { announce } from "./announcer.tsx";
import { IconButton } from "./icon-button.tsx";

const SHOWN_MS = 1600;

/** Copies a text and says so. Without a clipboard (a page over plain HTTP from another machine) it selects and copies the old way. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }): VNode {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await copyText(text);
    setDone(true);
    announce(texts.value.copied);
    after(SHOWN_MS, () => setDone(false));
  };
  return <IconButton icon={isDone ? "check" : "copy"} label={label} onClick={() => void copy()} />;
}

async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
