import { signal } from "@preact/signals";

/** A part of the page that is loaded when it is first asked for; undefined until it is there, and whoever asked is drawn anew then. */
export function lazyModule<T extends object>(load: () => Promise<T>): () => T | undefined {
  const loaded = signal<T | undefined>(undefined);
  let isAsked = false;
  const fetchIt = async () => {
    try {
      loaded.value = await load();
    } catch {
      // The server is away, or has a newer page: the next one who asks tries again.
      isAsked = false;
    }
  };
  return () => {
    if (!isAsked) {
      isAsked = true;
      void fetchIt();
    }
    return loaded.value;
  };
}
