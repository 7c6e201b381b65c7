/** The page's only access to time; everything else takes what it needs from here. */

/** Milliseconds since 1970, for what is shown and kept. */
export function epochMs(): number {
  return Date.now();
}

/** Milliseconds that only ever grow, for measuring. */
export function monotonicMs(): number {
  return performance.now();
}

/** Calls once after a time. */
export function after(delayMs: number, call: () => void): void {
  setTimeout(call, delayMs);
}

/** Calls at once and then in each period, while the page can be seen. @returns what ends it */
export function everyWhileSeen(periodMs: number, call: () => void): () => void {
  const look = () => {
    if (!document.hidden) call();
  };
  look();
  const timer = setInterval(look, periodMs);
  return () => clearInterval(timer);
}

/** An identifier that no other conversation or message has. Plain HTTP pages have no `crypto.randomUUID`. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
