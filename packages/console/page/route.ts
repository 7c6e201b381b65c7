import { signal } from "@preact/signals";

export type View = "chat" | "fleet" | "bench";

export interface Route {
  readonly view: View;
  /** Of the conversation; empty: a new one. */
  readonly id: string;
}

/** What the address shows, after its `#`. */
export const route = signal(read());

/** The conversation that is shown, or was before another view. */
export const lastChatId = signal(route.value.id);

addEventListener("hashchange", () => {
  route.value = read();
  if (route.value.view === "chat") lastChatId.value = route.value.id;
});

function read(): Route {
  const [, view = "", id = ""] = location.hash.split("/");
  return { view: view === "fleet" || view === "bench" ? view : "chat", id };
}
