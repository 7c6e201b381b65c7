import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { texts } from "../language/language.ts";
import { Icon } from "../parts/icon.tsx";
import { running } from "./generation.ts";
import { ConversationMenu } from "./conversation-menu.tsx";
import { type Conversation, matches, titleOf } from "./conversation.ts";
import { areLoaded, current, sorted, startConversation } from "./conversations.ts";
import { Transfer } from "./transfer.tsx";

/** Whether the list lies over the conversation, on a narrow screen. */
export const menuOpen = signal(false);

const query = signal("");

/** The conversations of this browser. */
export function Sidebar(): VNode {
  const shown = sorted.value.filter((conversation) => matches(conversation, query.value));
  const { newChat, openMenu, search, noMatches, noConversations } = texts.value;
  const close = () => {
    menuOpen.value = false;
  };
  useEffect(close, [current.value.id]);
  return (
    <>
      {menuOpen.value && <div class="veil" onClick={close} aria-hidden="true" />}
      <aside
        class={menuOpen.value ? "open" : undefined}
        aria-label={openMenu}
        onKeyDown={({ key }) => key === "Escape" && close()}
      >
        <div class="aside-head">
          <button type="button" class="wide" onClick={startConversation}>
            <Icon name="plus" />
            {newChat}
          </button>
          <button type="button" class="quiet menu-close" aria-label={texts.value.close} onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        <input
          id="search"
          type="search"
          placeholder={search}
          aria-label={search}
          value={query.value}
          onInput={({ currentTarget }) => (query.value = currentTarget.value)}
        />
        <ul class="conversations" onClick={({ target }) => target instanceof HTMLAnchorElement && close()}>
          {shown.map((conversation) => (
            <Entry key={conversation.id} conversation={conversation} />
          ))}
        </ul>
        {areLoaded.value && shown.length === 0 && (
          <p class="note">{query.value === "" ? noConversations : noMatches}</p>
        )}
        <Transfer />
      </aside>
    </>
  );
}

function Entry({ conversation }: { readonly conversation: Conversation }): VNode {
  const isCurrent = conversation.id === current.value.id;
  return (
    <li class={isCurrent ? "current" : undefined}>
      <a href={`#/chat/${conversation.id}`} aria-current={isCurrent ? "page" : undefined}>
        {running.value.has(conversation.id) && <span class="busy" aria-hidden="true" />}
        {titleOf(conversation) ?? texts.value.newChat}
      </a>
      <ConversationMenu conversation={conversation} />
    </li>
  );
}
