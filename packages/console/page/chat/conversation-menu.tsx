import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { texts } from "../language/language.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { type Conversation, titleOf } from "./conversation.ts";
import { removeConversation, update } from "./conversations.ts";
import { saveFile } from "./transfer.tsx";
import { writeConversations } from "./conversation-file.ts";

/** What can be done with one conversation of the list. */
export function ConversationMenu({ conversation }: { readonly conversation: Conversation }): VNode {
  const menu = useRef<HTMLDetailsElement>(null);
  const [asks, setAsks] = useState<"rename" | "remove" | undefined>(undefined);
  const title = titleOf(conversation) ?? texts.value.newChat;
  const { more, rename, exportOne, remove } = texts.value;
  const choose = (action: () => void) => () => {
    // Where the focus returns to when a dialog closes: the entry itself is hidden by then.
    menu.current?.querySelector("summary")?.focus();
    menu.current?.removeAttribute("open");
    action();
  };
  const onBlur = ({ relatedTarget }: FocusEvent) => {
    if (!(relatedTarget instanceof Node && menu.current?.contains(relatedTarget)))
      menu.current?.removeAttribute("open");
  };
  return (
    <>
      <details
        class="menu"
        ref={menu}
        onFocusOut={onBlur}
        // That of the last one would be below the list's end.
        onToggle={({ currentTarget: { lastElementChild: entries, open } }) =>
          open && entries?.scrollIntoView({ block: "nearest" })
        }
      >
        <summary aria-label={`${more}: ${title}`}>
          <Icon name="more" />
        </summary>
        <div>
          <button type="button" onClick={choose(() => setAsks("rename"))}>
            {rename}
          </button>
          <button
            type="button"
            onClick={choose(() => saveFile("drover-chat.json", writeConversations([conversation])))}
          >
            {exportOne}
          </button>
          <button type="button" onClick={choose(() => setAsks("remove"))}>
            {remove}
          </button>
        </div>
      </details>
      <Dialog title={rename} isOpen={asks === "rename"} onClose={() => setAsks(undefined)}>
        <RenameForm conversation={conversation} onDone={() => setAsks(undefined)} />
      </Dialog>
      <Dialog title={remove} isOpen={asks === "remove"} onClose={() => setAsks(undefined)}>
        <p>{texts.value.removeAsk(title)}</p>
        <footer>
          <button type="button" onClick={() => setAsks(undefined)}>
            {texts.value.cancel}
          </button>
          <button type="button" class="danger" onClick={() => removeConversation(conversation.id)}>
            {remove}
          </button>
        </footer>
      </Dialog>
    </>
  );
}

function RenameForm({
  conversation,
  onDone,
}: {
  readonly conversation: Conversation;
  readonly onDone: () => void;
}): VNode {
  const [title, setTitle] = useState(titleOf(conversation) ?? "");
  const { save, rename } = texts.value;
  const submit = (event: Event) => {
    event.preventDefault();
    update(conversation.id, (before) => ({ ...before, title: title.trim() }));
    onDone();
  };
  return (
    <form onSubmit={submit}>
      <input
        aria-label={rename}
        value={title}
        autofocus
        onInput={({ currentTarget }) => setTitle(currentTarget.value)}
      />
      <footer>
        <button type="submit" class="primary">
          {save}
        </button>
      </footer>
    </form>
  );
}
