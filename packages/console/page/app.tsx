import { lazyView } from "./parts/lazy-view.tsx";
import type { VNode } from "preact";
import { ChatView } from "./chat/chat-view.tsx";
import { KeyDialog } from "./settings/key-dialog.tsx";
import { SettingsDialog, settingsOpen } from "./settings/settings-dialog.tsx";
import { texts } from "./language/language.ts";
import { Announcer } from "./parts/announcer.tsx";
import { Icon } from "./parts/icon.tsx";
import { IconButton } from "./parts/icon-button.tsx";
import { lastChatId, route, type View } from "./route.ts";
import { menuOpen } from "./chat/sidebar.tsx";

/** The page: a bar with the views, the one that is shown, and what may lie over it. */
export function App(): VNode {
  const { view } = route.value;
  return (
    <>
      <TopBar view={view} />
      {view === "chat" ? <ChatView /> : view === "fleet" ? <Fleet /> : <Bench />}
      <SettingsDialog />
      <KeyDialog />
      <Announcer />
    </>
  );
}

function TopBar({ view }: { readonly view: View }): VNode {
  const { openMenu, settings } = texts.value;
  return (
    <header class="top">
      <a class="skip" href={view === "chat" ? "#message" : "#content"} onClick={skip}>
        {texts.value.skipToContent}
      </a>
      {view === "chat" && (
        <button
          type="button"
          class="quiet menu-button"
          aria-label={openMenu}
          aria-expanded={menuOpen.value}
          onClick={() => (menuOpen.value = true)}
        >
          <Icon name="menu" />
        </button>
      )}
      <h1>Drover</h1>
      <nav aria-label="Drover">
        {(["chat", "fleet", "bench"] as const).map((name) => (
          <a
            key={name}
            href={name === "chat" ? `#/chat/${lastChatId.value}` : `#/${name}`}
            aria-current={view === name ? "page" : undefined}
          >
            {texts.value[name]}
          </a>
        ))}
      </nav>
      <IconButton icon="settings" label={settings} onClick={() => (settingsOpen.value = true)} />
    </header>
  );
}

/** The address after the # is the view's, so the browser can't do it. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#message, #content")?.focus();
}

const Fleet = lazyView(() => import("./fleet/fleet-view.tsx"));
const Bench = lazyView(() => import("./bench/bench-view.tsx"));
