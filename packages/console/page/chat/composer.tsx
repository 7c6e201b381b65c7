import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { newId, epochMs } from "../clock.ts";
import { texts } from "../language/language.ts";
import { Icon } from "../parts/icon.tsx";
import { IconButton } from "../parts/icon-button.tsx";
import { FileButton } from "../parts/file-button.tsx";
import { Trouble } from "../parts/trouble.tsx";
import { generate, running } from "./generation.ts";
import { withFiles } from "./attach-files.ts";
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
  const [problem, setProblem] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const run = running.value.get(conversation.id);
  useLayoutEffect(() => grow(field.current), [text]);
  useEffect(focusField, []);
  const submit = () => {
    if (text.trim() === "" || run !== undefined) return;
    setText("");
    say(conversation.id, text);
  };
  const attach = async (files: readonly File[]) => {
    const { text: both, refused } = await withFiles(field.current?.value ?? "", files);
    setText(both);
    setProblem(refused.length === 0 ? "" : texts.value.noText(refused.join(", ")));
    focusField();
  };
  const { messagePlaceholder, messageHint, send, stop, attachFile } = texts.value;
  return (
    <form
      class="composer"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        const files = [...(event.dataTransfer?.files ?? [])];
        if (files.length === 0) return;
        event.preventDefault();
        void attach(files);
      }}
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
      <FileButton label={attachFile} class="quiet round attach" onFiles={(files) => void attach(files)}>
        <Icon name="file" />
      </FileButton>
      {run === undefined ? (
        <IconButton
          key="send"
          icon="send"
          label={send}
          type="submit"
          class="primary round"
          disabled={text.trim() === ""}
        />
      ) : (
        <IconButton key="stop" icon="stop" label={stop} class="primary round" onClick={run.stop} />
      )}
      <Trouble text={problem} />
      <p id="message-hint">{messageHint}</p>
    </form>
  );
}

/** Adds a message of the user and asks for the response. */
export function say(conversationId: string, content: string): void {
  const message = { id: newId(), role: "user", content: content.trim(), atMs: epochMs() } as const;
  update(conversationId, (before) => withMessage(before, message, message.atMs));
  void generate(conversationId);
}

/** Not on a phone, where the keyboard would cover the page at once. */
export function focusField(): void {
  if (matchMedia("(pointer: fine)").matches) document.querySelector<HTMLElement>("#message")?.focus();
}

/** As high as its text, up to what the style sheet allows. */
export function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
