import { sizeText } from "@drover/foundation/texts";

/** How far a download is, and how fast its bytes arrive. */
export interface TransferState {
  readonly doneBytes: number;
  /** undefined: the sender does not tell. */
  readonly totalBytes: number | undefined;
  /** Over the last seconds. */
  readonly bytesPerSecond: number;
  /** Since the last byte arrived. */
  readonly silentMs: number;
}

const WINDOW_MS = 10_000;
/** Shorter gaps are usual, and would make the text flicker. */
const SILENCE_MS = 3000;

/** Measures a transfer over its last ten seconds: its mean since the start would tell of a speed that is long gone. */
export class Transfer {
  #samples: readonly { readonly atMs: number; readonly doneBytes: number }[] = [];
  #totalBytes: number | undefined;

  add(doneBytes: number, totalBytes: number | undefined, nowMs: number): void {
    this.#totalBytes = totalBytes;
    const last = this.#samples.at(-1);
    // Thousands of pieces arrive each second: one sample for each tenth of the window is enough.
    const isDense = this.#samples.length > 1 && nowMs - (this.#samples.at(-2)?.atMs ?? 0) < WINDOW_MS / 10;
    const kept = isDense && last !== undefined ? this.#samples.slice(0, -1) : this.#samples;
    const first = kept.findLastIndex(({ atMs }) => nowMs - atMs >= WINDOW_MS);
    this.#samples = [...kept.slice(Math.max(0, first)), { atMs: nowMs, doneBytes }];
  }

  /** undefined before the first byte. */
  state(nowMs: number): TransferState | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const elapsedMs = nowMs - first.atMs;
    const bytesPerSecond = elapsedMs === 0 ? 0 : (1000 * (last.doneBytes - first.doneBytes)) / elapsedMs;
    return { doneBytes: last.doneBytes, totalBytes: this.#totalBytes, bytesPerSecond, silentMs: nowMs - last.atMs };
  }
}

/** `37% of 1.1 GiB, 12 MiB/s, 40 s left`. */
export function transferText({ doneBytes, totalBytes, bytesPerSecond, silentMs }: TransferState): string {
  const done =
    totalBytes === undefined
      ? sizeText(doneBytes)
      : `${Math.floor((100 * doneBytes) / totalBytes)}% of ${sizeText(totalBytes)}`;
  if (doneBytes === totalBytes) return done;
  if (silentMs >= SILENCE_MS) return `${done}, nothing has arrived for ${Math.round(silentMs / 1000)} s`;
  if (bytesPerSecond === 0) return done;
  const speed = `${done}, ${sizeText(Math.round(bytesPerSecond))}/s`;
  return totalBytes === undefined ? speed : `${speed}, ${leftText((totalBytes - doneBytes) / bytesPerSecond)} left`;
}

function leftText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}
