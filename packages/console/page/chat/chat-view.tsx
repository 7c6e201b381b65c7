import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { texts } from "../language/language.ts";
import { Composer } from "./composer.tsx";
import { titleOf } from "./conversation.ts";
import { current, startConversation } from "./conversations.ts";
import { Sidebar } from "./sidebar.tsx";
import { Thread } from "./thread/thread.tsx";
import { running } from "./generation.ts";

/** Conversations at the side, the shown one and the field for the next message. */
export function ChatView(): VNode {
  const conversation = current.value;
  useEffect(listenForKeys, []);
  useEffect(() => {
    document.title = `${titleOf(conversation) ?? texts.value.newChat} · Drover`;
    return () => (document.title = "Drover");
  });
  return (
    <div class="chat">
      <Sidebar />
      <main>
        <Thread conversation={conversation} />
        <Composer key={conversation.id} conversation={conversation} />
      </main>
    </div>
  );
}

function listenForKeys(): () => void {
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

/** Escape stops the response that is shown, Ctrl+Shift+O (as elsewhere) starts a conversation, Ctrl+K searches. */
function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]") !== null) return;
  const isCommand = event.ctrlKey || event.metaKey;
  if (event.key === "Escape") running.value.get(current.value.id)?.stop();
  else if (isCommand && event.shiftKey && event.key.toLowerCase() === "o") {
    event.preventDefault();
    startConversation();
  } else if (isCommand && event.key.toLowerCase() === "k") {
    event.preventDefault();
    document.querySelector<HTMLElement>("#search")?.focus();
  }
}
