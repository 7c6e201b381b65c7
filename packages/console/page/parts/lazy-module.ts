import { type ReadonlySignal, signal } from "@preact/signals";
import { after } from "../clock.ts";

/** A part of the page that is loaded when it is first asked for. Whoever asked is drawn anew when there is news. */
export interface LazyModule<T> {
  /** Undefined until it is there. */
  readonly get: () => T | undefined;
  /** The last try failed: the server is away, or has a newer page. */
  readonly isMissing: ReadonlySignal<boolean>;
}

const RETRY_MS = 2000;

/** Loads when asked, and again and again until it is there. */
export function lazyModule<T extends object>(load: () => Promise<T>): LazyModule<T> {
  const loaded = signal<T | undefined>(undefined);
  const isMissing = signal(false);
  let isAsked = false;
  const fetchIt = async () => {
    try {
      loaded.value = await load();
    } catch {
      isMissing.value = true;
      after(RETRY_MS, () => void fetchIt());
    }
  };
  return {
    isMissing,
    get: () => {
      if (!isAsked) {
        isAsked = true;
        void fetchIt();
      }
      return loaded.value;
    },
  };
}
