import type { Conversation } from "./conversation.ts";

/** Where conversations are kept: IndexedDB, or nowhere where the browser has none for this page (some private windows). */
export interface ConversationDatabase {
  readonly all: () => Promise<readonly Conversation[]>;
  readonly put: (conversations: readonly Conversation[]) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
}

const STORE = "conversations";

/** Opens the database of this origin. Never rejects. */
export async function openDatabase(): Promise<ConversationDatabase> {
  const database = await open().catch(() => undefined);
  if (database === undefined) {
    return { all: () => Promise.resolve([]), put: () => Promise.resolve(), remove: () => Promise.resolve() };
  }
  const store = (mode: IDBTransactionMode) => database.transaction(STORE, mode).objectStore(STORE);
  return {
    all: () => settle(store("readonly").getAll() as IDBRequest<Conversation[]>),
    put: async (conversations) => {
      const target = store("readwrite");
      await Promise.all(conversations.map((conversation) => settle(target.put(conversation))));
    },
    remove: async (id) => {
      await settle(store("readwrite").delete(id));
    },
  };
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open("drover", 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { keyPath: "id" }));
  return settle(request);
}

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("the database refused")));
  });
}
