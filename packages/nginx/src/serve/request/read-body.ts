import { randomUUID } from "node:crypto";
import type { RequestState } from "./request-state.ts";
import { SpooledBody } from "./spooled-body.ts";
import { type BodyFault, watchBody } from "./watch-body.ts";

export type CompleteBody = Buffer | SpooledBody;
export type BodyEnd = CompleteBody | BodyFault | "gone";

/**
 * Reads a body to its end: into memory as far as `client_body_buffer_size`, else into a file that whoever gets it closes. Rejects with the system's error where the file cannot be written.
 */
export function readBody(state: RequestState): Promise<BodyEnd> {
  return new Promise((resolve, reject) => new BodyReader(state, resolve, reject).start());
}

class BodyReader {
  readonly #state: RequestState;
  readonly #resolve: (end: BodyEnd) => void;
  readonly #reject: (error: unknown) => void;
  #held: Buffer[] = [];
  #sizeBytes = 0;
  #file: SpooledBody | undefined;
  #isSpooling = false;
  #sawEnd = false;
  #isOver = false;
  #stopWatching = () => {};

  constructor(state: RequestState, resolve: (end: BodyEnd) => void, reject: (error: unknown) => void) {
    this.#state = state;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    this.#stopWatching = watchBody(this.#state, (fault) => this.#end(fault));
    const { request } = this.#state;
    request.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onGone).on("close", this.#onGone);
    request.resume();
  }

  readonly #onData = (part: Buffer): void => {
    // The part that is too much is told of here as well.
    if (this.#isOver) return;
    this.#sizeBytes += part.length;
    this.#held.push(part);
    if (this.#sizeBytes > this.#state.settings.bodyBufferBytes) void this.#spool();
  };

  readonly #onEnd = (): void => {
    this.#sawEnd = true;
    if (!this.#isSpooling) this.#end(this.#file ?? Buffer.concat(this.#held));
  };

  readonly #onGone = (): void => {
    if (!this.#sawEnd) this.#end("gone");
  };

  /** Nothing more comes while the file is written: the client is as fast as the disk. */
  async #spool(): Promise<void> {
    const { request } = this.#state;
    this.#isSpooling = true;
    request.pause();
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    try {
      this.#file ??= await SpooledBody.open(this.#state.settings.bodyFolder, `drover-body-${randomUUID()}`);
      if (!this.#isOver) await this.#file.append(bytes);
    } catch (error) {
      this.#end("gone", error);
    }
    this.#isSpooling = false;
    // Whatever ended it meanwhile has left the file to us.
    if (this.#isOver) await this.#file?.close();
    else if (this.#sawEnd) this.#onEnd();
    else request.resume();
  }

  #end(end: BodyEnd, error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWatching();
    const { request } = this.#state;
    request.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onGone).off("close", this.#onGone);
    if (end !== this.#file && !this.#isSpooling) void this.#file?.close();
    if (error === undefined) this.#resolve(end);
    else this.#reject(error);
  }
}
