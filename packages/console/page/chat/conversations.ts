import { computed, signal } from "@preact/signals";
import { after, newId, epochMs } from "../clock.ts";
import { route } from "../route.ts";
import { type Conversation, newConversation, settled } from "./conversation.ts";
import { openShelf, type Shelf } from "./shelf.ts";

/** All conversations by id, in no order. */
export const conversations = signal<ReadonlyMap<string, Conversation>>(new Map());

/** False until those of earlier visits were read. */
export const areLoaded = signal(false);

/** One that nothing was said in yet; it is kept only from its first message on. */
const draft = signal(newConversation(newId(), epochMs()));

/** The conversation that is shown. */
export const current = computed(() => conversations.value.get(route.value.id) ?? draft.value);

/** Newest first. */
export const sorted = computed(() =>
  [...conversations.value.values()].toSorted((one, other) => other.changedMs - one.changedMs),
);

let shelf: Promise<Shelf> | undefined;

/** Reads what earlier visits left. Nothing that was said in the meantime is lost. */
export async function loadConversations(): Promise<void> {
  shelf = openShelf();
  const found = await (await shelf).all().catch(() => []);
  const kept = found.map((conversation): [string, Conversation] => [conversation.id, settled(conversation)]);
  conversations.value = new Map([...kept, ...conversations.value]);
  areLoaded.value = true;
  addEventListener("pagehide", saveNow);
}

/** Shows an empty conversation, with the system prompt and parameters of the one that was shown. */
export function startConversation(): void {
  const { system, parameters } = current.value;
  draft.value = newConversation(newId(), epochMs(), { ...draft.value, system, parameters });
  location.hash = "#/chat";
}

/** Changes one conversation, or the draft. */
export function update(id: string, change: (conversation: Conversation) => Conversation): void {
  const before = conversations.value.get(id);
  if (before === undefined && id !== draft.value.id) return;
  const changed = change(before ?? draft.value);
  if (before === undefined && changed.messages.length === 0) {
    draft.value = changed;
    return;
  }
  conversations.value = new Map(conversations.value).set(id, changed);
  saveSoon(id);
  if (before !== undefined) return;
  draft.value = newConversation(newId(), epochMs(), changed);
  location.replace(`#/chat/${id}`);
}

export function removeConversation(id: string): void {
  const rest = new Map(conversations.value);
  rest.delete(id);
  conversations.value = rest;
  unsaved.delete(id);
  void shelf?.then((open) => open.remove(id));
  if (route.value.id === id) location.replace("#/chat");
}

/** Takes in conversations of a file; those that are here already and newer stay as they are. @returns how many came */
export function addConversations(more: readonly Conversation[]): number {
  const all = new Map(conversations.value);
  const news = more.filter(({ id, changedMs }) => (all.get(id)?.changedMs ?? -1) < changedMs);
  for (const conversation of news) {
    all.set(conversation.id, settled(conversation));
    saveSoon(conversation.id);
  }
  conversations.value = all;
  return news.length;
}

const SAVE_EVERY_MS = 500;
const unsaved = new Set<string>();
let isTimed = false;

/** A stream changes its conversation with each token; the database sees two states a second. */
function saveSoon(id: string): void {
  unsaved.add(id);
  if (isTimed) return;
  isTimed = true;
  after(SAVE_EVERY_MS, () => {
    isTimed = false;
    saveNow();
  });
}

function saveNow(): void {
  const changed = [...unsaved].flatMap((id) => conversations.value.get(id) ?? []);
  unsaved.clear();
  if (changed.length > 0) void shelf?.then((open) => open.put(changed)).catch(() => undefined);
}
