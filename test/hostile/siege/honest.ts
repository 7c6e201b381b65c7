import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** One request of an honest client. */
export interface HonestResponse {
  /** A text says what went wrong. */
  readonly status: number | string;
  readonly tookMs: number;
  /** Which of the servers. */
  readonly url: string;
}

/** With the time when it was known. */
export interface HeardResponse extends HonestResponse {
  readonly endedAtMs: number;
}

/** Clients that chat all the time, in a process of their own. */
export class HonestClients {
  readonly #child: ChildProcess;
  #responses: HeardResponse[] = [];
  #onResponse: () => void = () => {};

  /** @param urls each client has one of them */
  constructor(urls: readonly string[], key: string, count: number) {
    this.#child = fork(fileURLToPath(new URL("./honest-clients.js", import.meta.url)), [key, String(count), ...urls]);
    this.#child.on("message", (response: HonestResponse) => {
      this.#responses.push({ ...response, endedAtMs: Date.now() });
      this.#onResponse();
    });
  }

  /** Resolves when there are at least so many since `take`. */
  async answered(count: number): Promise<void> {
    while (this.#responses.length < count) {
      await new Promise<void>((resolve) => {
        this.#onResponse = resolve;
      });
    }
  }

  /** What came since the last time. */
  take(): readonly HeardResponse[] {
    return this.#responses.splice(0);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}
