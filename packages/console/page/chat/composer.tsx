import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { newId, epochMs } from "../clock.ts";
import { texts } from "../language/language.ts";
import { Icon } from "../parts/icon.tsx";
import { generate, running } from "./generation.ts";
import { type Conversation, withMessage } from "./conversation.ts";
import { update } from "./conversations.ts";
import { isSendKey } from "./send-key.ts";

/** What is typed and not sent yet, by conversation. */
const unsent = new Map<string, string>();

/** The field for the next message. What is not sent yet stays in it, also while a response comes, or another view or conversation is looked at. */
export function Composer({ conversation }: { readonly conversation: Conversation }): VNode {
  const [text, show] = useState(unsent.get(conversation.id) ?? "");
  const setText = (typed: string) => {
    unsent.set(conversation.id, typed);
    show(typed);
  };
  const field = useRef<HTMLTextAreaElement>(null);
  const run = running.value.get(conversation.id);
  useLayoutEffect(() => grow(field.current), [text]);
  // A phone's keyboard would cover the page at once.
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);
  const submit = () => {
    if (text.trim() === "" || run !== undefined) return;
    setText("");
    say(conversation.id, text);
  };
  const { messagePlaceholder, messageHint, send, stop } = texts.value;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        id="message"
        ref={field}
        rows={1}
        value={text}
        placeholder={messagePlaceholder}
        aria-label={messagePlaceholder}
        aria-describedby="message-hint"
        enterkeyhint="send"
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => {
          if (!isSendKey(event)) return;
          event.preventDefault();
          submit();
        }}
      />
      {run === undefined ? (
        <button
          key="send"
          type="submit"
          class="primary round"
          aria-label={send}
          title={send}
          disabled={text.trim() === ""}
        >
          <Icon name="send" />
        </button>
      ) : (
        <button key="stop" type="button" class="primary round" aria-label={stop} title={stop} onClick={run.stop}>
          <Icon name="stop" />
        </button>
      )}
      <p id="message-hint">{messageHint}</p>
    </form>
  );
}

/** Says something and asks for the response. */
export function say(conversationId: string, content: string): void {
  const message = { id: newId(), role: "user", content: content.trim(), atMs: epochMs() } as const;
  update(conversationId, (before) => withMessage(before, message, message.atMs));
  void generate(conversationId);
}

/** As high as its text, up to what the style sheet allows. */
export function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
