import { randomUUID } from "node:crypto";
import type { LocationModel } from "../../model/model.ts";
import type { RequestState } from "./request-state.ts";
import { SpooledBody } from "./spooled-body.ts";

export type CompleteBody = Buffer | SpooledBody;
export type BodyEnd = CompleteBody | "too-large" | "timeout" | "gone";

/**
 * Reads a body to its end: into memory as far as `client_body_buffer_size`, else into a file that whoever gets it closes. Each silence may last
 * `client_body_timeout`. Rejects with the system's error where the file cannot be written.
 */
export function readBody(state: RequestState, location: LocationModel): Promise<BodyEnd> {
  return new Promise((resolve, reject) => new BodyReader(state, location, { resolve, reject }).start());
}

interface Settle {
  readonly resolve: (end: BodyEnd) => void;
  readonly reject: (error: unknown) => void;
}

class BodyReader {
  readonly #state: RequestState;
  readonly #limits: LocationModel["settings"];
  readonly #settle: Settle;
  #held: Buffer[] = [];
  #sizeBytes = 0;
  #file: SpooledBody | undefined;
  #isSpooling = false;
  #sawEnd = false;
  #isOver = false;
  #stopWaiting = () => {};

  constructor(state: RequestState, location: LocationModel, settle: Settle) {
    this.#state = state;
    this.#limits = location.settings;
    this.#settle = settle;
  }

  start(): void {
    this.#wait();
    const { request } = this.#state;
    request.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onGone).on("close", this.#onGone);
  }

  #wait(): void {
    this.#stopWaiting();
    this.#stopWaiting = this.#state.clock.after(this.#limits.bodyTimeoutMs, () => this.#end("timeout"));
  }

  readonly #onData = (part: Buffer): void => {
    this.#wait();
    const { maxBodyBytes, bodyBufferBytes } = this.#limits;
    this.#sizeBytes += part.length;
    if (maxBodyBytes > 0 && this.#sizeBytes > maxBodyBytes) {
      this.#end("too-large");
      return;
    }
    this.#held.push(part);
    if (this.#sizeBytes > bodyBufferBytes) void this.#spool();
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
    this.#stopWaiting();
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    try {
      this.#file ??= await SpooledBody.open(this.#limits.bodyFolder, `drover-body-${randomUUID()}`);
      if (!this.#isOver) await this.#file.append(bytes);
    } catch (error) {
      this.#end("gone", error);
    }
    this.#isSpooling = false;
    // Whatever ended it meanwhile has left the file to us.
    if (this.#isOver) await this.#file?.close();
    else if (this.#sawEnd) this.#onEnd();
    else {
      this.#wait();
      request.resume();
    }
  }

  #end(end: BodyEnd, error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting();
    const { request } = this.#state;
    request.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onGone).off("close", this.#onGone);
    if (end !== this.#file && !this.#isSpooling) void this.#file?.close();
    if (error === undefined) this.#settle.resolve(end);
    else this.#settle.reject(error);
  }
}
