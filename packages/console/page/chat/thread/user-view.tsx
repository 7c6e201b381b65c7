import { memo } from "../../parts/memo.ts";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { texts } from "../../language/language.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { IconButton } from "../../parts/icon-button.tsx";
import { running } from "../generation.ts";
import { focusField, grow, say } from "../composer.tsx";
import { cutBefore, type UserMessage } from "../conversation.ts";
import { update } from "../conversations.ts";
import { isSendKey } from "../send-key.ts";

interface UserViewProps {
  readonly conversationId: string;
  readonly message: UserMessage;
}

/** A message of the user, as it was typed. One that is edited and sent again replaces all that followed it. */
export const UserView = memo(
  ({ conversationId, message }: UserViewProps): VNode => {
    const [isEdited, setEdited] = useState(false);
    const button = useRef<HTMLButtonElement>(null);
    const close = () => {
      setEdited(false);
      requestAnimationFrame(() => button.current?.focus());
    };
    const { you, copy, edit } = texts.value;
    if (isEdited) {
      return <Editor conversationId={conversationId} message={message} onClose={close} />;
    }
    return (
      <article class="user" aria-label={you}>
        <div class="bubble">{message.content}</div>
        <div class="actions">
          <CopyButton text={message.content} label={copy} />
          <IconButton ref={button} icon="edit" label={edit} onClick={() => setEdited(true)} />
        </div>
      </article>
    );
  },
  (one, other) => one.message === other.message,
);

function Editor({ conversationId, message, onClose }: UserViewProps & { readonly onClose: () => void }): VNode {
  const [text, setText] = useState(message.content);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    grow(field.current);
    field.current?.focus();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() === "" || running.value.has(conversationId)) return;
    onClose();
    update(conversationId, (before) => cutBefore(before, message.id));
    say(conversationId, text);
    focusField();
  };
  const { edit, cancel, sendAgain } = texts.value;
  return (
    <form class="editor" onSubmit={submit}>
      <textarea
        ref={field}
        aria-label={edit}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          grow(currentTarget);
        }}
        onKeyDown={(event) => {
          if (isSendKey(event)) submit(event);
          if (event.key !== "Escape" || event.isComposing) return;
          event.preventDefault();
          onClose();
        }}
      />
      <div class="actions">
        <button type="button" onClick={onClose}>
          {cancel}
        </button>
        <button type="submit" class="primary">
          {sendAgain}
        </button>
      </div>
    </form>
  );
}
