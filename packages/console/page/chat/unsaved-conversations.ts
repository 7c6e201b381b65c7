import type { Conversation } from "./conversation.ts";

/**
 * Messages of the last moments of a page. A database finishes nothing once its page is gone, so these conversations are written
 * to the browser's synchronous storage instead, and the next page puts them into the database.
 */
const PREFIX = "drover.unsaved.";

/** Keeps conversations for the next page. Where the storage is full or forbidden they are lost. */
export function leave(conversations: readonly Conversation[], pageId: string): void {
  try {
    localStorage.setItem(`${PREFIX}${pageId}`, JSON.stringify(conversations));
  } catch {
    // Nothing else can be done while a page is being closed.
  }
}

/** What earlier pages left and nobody put into the database yet. */
export function leftOver(): { readonly conversations: readonly Conversation[]; readonly forget: () => void } {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  return {
    conversations: names.flatMap((name) => read(localStorage.getItem(name) ?? "[]")),
    forget: () => names.forEach((name) => localStorage.removeItem(name)),
  };
}

function read(text: string): readonly Conversation[] {
  try {
    return JSON.parse(text) as readonly Conversation[];
  } catch {
    return [];
  }
}
