import { write } from "node:fs";
import { type Clock, within } from "../clock.ts";

/** Writes text to an open descriptor, in the order of the calls. */
export interface DescriptorWriter {
  readonly write: (text: string) => void;
  /** Resolves once all that was given so far is written or lost. */
  readonly written: () => Promise<void>;
  /** The same, but waits for a moment at most: a reader that has stopped holds no end of a process up. */
  readonly flush: () => Promise<void>;
}

export interface DescriptorWriterOptions {
  readonly clock: Clock;
  /** @default utf8 */
  readonly encoding?: BufferEncoding;
  /** What is written of so many texts that were lost, once there is room again. @default nothing */
  readonly lossNote?: (lost: number) => string;
}

const MOST_WAITING_CHARS = 4 * 1024 * 1024;
const RETRY_MS = 100;
const FLUSH_LIMIT_MS = 1000;
/**
 * A text behind another waits this long for more: each write wakes another thread, and a write for every few lines of
 * an access log took a tenth of a busy balancer's time.
 */
const GATHER_MS = 20;

/**
 * Never holds the process up and never ends it: a reader that is slow, a closed pipe and a full disk cost texts and
 * nothing else.
 */
export function createDescriptorWriter(
  descriptor: number,
  { clock, encoding = "utf8", lossNote = () => "" }: DescriptorWriterOptions,
): DescriptorWriter {
  let waiting: string[] = [];
  let waitingChars = 0;
  let lost = 0;
  let isWriting = false;
  let whenIdle: (() => void)[] = [];
  let stopGathering: (() => void) | undefined;

  const settle = () => {
    if (whenIdle.length > 0) goOn();
    else stopGathering = clock.after(GATHER_MS, goOn);
  };
  const goOn = () => {
    stopGathering = undefined;
    isWriting = false;
    if (waiting.length > 0) return pump();
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };
  const send = (bytes: Buffer, texts: number) => {
    write(descriptor, bytes, (error, count) => {
      if (error === null && count === bytes.length) return settle();
      if (error === null) return send(bytes.subarray(count), texts);
      if (error.code === "EAGAIN") return void clock.after(RETRY_MS, () => send(bytes, texts));
      lost += texts;
      settle();
    });
  };
  const pump = () => {
    isWriting = true;
    const batch = lost > 0 ? [lossNote(lost), ...waiting] : waiting;
    lost = 0;
    waiting = [];
    waitingChars = 0;
    send(Buffer.from(batch.join(""), encoding), batch.length);
  };
  const written = async () => {
    if (!isWriting) return;
    const idle = new Promise<void>((resolve) => whenIdle.push(resolve));
    if (stopGathering !== undefined) {
      stopGathering();
      goOn();
    }
    await idle;
  };
  return {
    write(text) {
      if (waitingChars > MOST_WAITING_CHARS) {
        lost += 1;
        return;
      }
      waiting.push(text);
      waitingChars += text.length;
      if (!isWriting) pump();
    },
    written,
    flush: () => within(clock, FLUSH_LIMIT_MS, written()),
  };
}
