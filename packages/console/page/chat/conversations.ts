import { computed, signal } from "@preact/signals";
import { after, newId, epochMs } from "../clock.ts";
import { route } from "../route.ts";
import { type Conversation, newConversation, settled } from "./conversation.ts";
import { leave, leftOver } from "./unsaved-conversations.ts";
import { openDatabase, type ConversationDatabase } from "./conversation-database.ts";

/** All conversations by id, in no order. */
export const conversations = signal<ReadonlyMap<string, Conversation>>(new Map());

/** False until those of earlier sessions were read. */
export const areLoaded = signal(false);

/** A conversation without messages; it is kept only from its first message on. */
const draft = signal(newConversation(newId(), epochMs()));

/** The conversation that is shown. */
export const current = computed(() => conversations.value.get(route.value.id) ?? draft.value);

/** Newest first. */
export const sorted = computed(() =>
  [...conversations.value.values()].toSorted((one, other) => other.changedMs - one.changedMs),
);

let database: Promise<ConversationDatabase> | undefined;

/** Reads what earlier sessions left. Messages that were sent in the meantime are kept. */
export async function loadConversations(): Promise<void> {
  database = openDatabase();
  const open = await database;
  const found = await open.all().catch(() => []);
  const last = leftOver();
  const kept = [...found, ...last.conversations]
    .toSorted((one, other) => one.changedMs - other.changedMs)
    .map((conversation): [string, Conversation] => [conversation.id, settled(conversation)]);
  conversations.value = new Map([...kept, ...conversations.value]);
  areLoaded.value = true;
  const pageId = newId();
  addEventListener("pagehide", () => {
    if (unsaved.size > 0) leave([...unsaved.values()], pageId);
  });
  await open.put(last.conversations).then(last.forget, () => undefined);
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
  saveSoon(changed);
  if (before !== undefined) return;
  draft.value = newConversation(newId(), epochMs(), changed);
  location.replace(`#/chat/${id}`);
}

export function removeConversation(id: string): void {
  const rest = new Map(conversations.value);
  rest.delete(id);
  conversations.value = rest;
  unsaved.delete(id);
  void database?.then((open) => open.remove(id));
  if (route.value.id === id) location.replace("#/chat");
}

/** Takes in conversations of a file; those that are here already and newer stay as they are. @returns how many came */
export function addConversations(more: readonly Conversation[]): number {
  const all = new Map(conversations.value);
  const news = more.filter(({ id, changedMs }) => (all.get(id)?.changedMs ?? -1) < changedMs);
  for (const conversation of news) {
    all.set(conversation.id, settled(conversation));
    saveSoon(settled(conversation));
  }
  conversations.value = all;
  return news.length;
}

const SAVE_EVERY_MS = 500;
/** Changed since the database last got them, or on their way to it. */
const unsaved = new Map<string, Conversation>();
let isTimed = false;

/** A stream changes its conversation with each token; the database sees two states a second. */
function saveSoon(conversation: Conversation): void {
  unsaved.set(conversation.id, conversation);
  if (isTimed) return;
  isTimed = true;
  after(SAVE_EVERY_MS, () => {
    isTimed = false;
    void saveNow();
  });
}

async function saveNow(): Promise<void> {
  const changed = [...unsaved.values()];
  if (database === undefined || changed.length === 0) return;
  await (await database).put(changed).catch(() => undefined);
  // What changed meanwhile, or was removed, is another one by now.
  for (const conversation of changed) {
    if (unsaved.get(conversation.id) === conversation) unsaved.delete(conversation.id);
  }
}
