import net from "node:net";
import { until } from "./until.ts";
import { readChunks } from "./servers/scripted-upstream.ts";

/** What a client saw of one response. */
export interface SeenResponse {
  readonly line: string;
  /** `name: value`, in lower-case names, sorted. */
  readonly fields: readonly string[];
  readonly body: string;
  /** False when the connection ended before the response did. */
  readonly whole: boolean;
  /** Interim responses before it. */
  readonly interim: readonly string[];
}

/** A connection that writes what it is told and reads responses one at a time. */
export class RawClient {
  readonly #socket: net.Socket;
  #held = "";
  #ended = false;
  #broken = false;
  #connected = false;
  /** Called, all of them, whenever something has happened. */
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.#socket = net.connect(port, "127.0.0.1", () => {
      this.#connected = true;
      this.#wake();
    });
    this.#socket.on("data", (bytes) => {
      this.#held += bytes.toString("latin1");
      this.#wake();
    });
    // A reset is an end like any other here, but what came before it is not taken for complete.
    this.#socket.on("error", () => {
      this.#broken = true;
    });
    this.#socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whether anything came, or the connection ended. */
  get heard(): boolean {
    return this.#ended || this.#held !== "";
  }

  /** Its own port; undefined before it is connected. */
  get port(): number | undefined {
    return this.#socket.localPort;
  }

  /** Bytes that the kernel has not taken yet. */
  get waiting(): number {
    return this.#socket.writableLength;
  }

  write(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** The next response to a request of this method. */
  async read(method: string): Promise<SeenResponse> {
    const interim: string[] = [];
    for (;;) {
      const response = readResponse(this.#held, method, this.#ended, this.#broken);
      if (response !== undefined && /^HTTP\/1\.1 1\d\d/.test(response.line) && !response.line.includes(" 101")) {
        interim.push(response.line);
        this.#held = response.rest;
      } else if (response !== undefined) {
        this.#held = response.rest;
        const { line, fields, body, whole } = response;
        return { line, fields, body, whole, interim };
      } else {
        await this.#news();
      }
    }
  }

  /** Resolves with what came once `length` bytes are there. */
  async bytes(length: number): Promise<string> {
    while (this.#held.length < length && !this.#ended) await this.#news();
    return this.#held.slice(0, length);
  }

  /** Resolves with true when the other side closes, with false when it does not. */
  async isClosed(): Promise<boolean> {
    await until(() => this.#ended, "it is closed").catch(() => {});
    return this.#ended;
  }

  /** Writes the text; resolves when the kernel has it. */
  async send(text: string): Promise<void> {
    await new Promise((resolve) => this.#socket.write(text, "latin1", resolve));
  }

  /** Writes the text, and resets the connection once it is on its way. */
  async reset(text: string): Promise<void> {
    while (!this.#connected && !this.#ended) await this.#news();
    if (text !== "") await this.send(text);
    this.#socket.resetAndDestroy();
  }

  /** Reads nothing until `resume`, so that the kernel's buffers fill. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

interface ReadResponse extends Omit<SeenResponse, "interim"> {
  readonly rest: string;
}

function readResponse(text: string, method: string, ended: boolean, broken: boolean): ReadResponse | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return ended ? { line: "", fields: [], body: text, whole: false, rest: "" } : undefined;
  const [line = "", ...raw] = text.slice(0, end).split("\r\n");
  const fields = raw.map((field) => field.replace(/^[^:]*/, (name) => name.toLowerCase())).toSorted();
  const after = text.slice(end + 4);
  const status = Number(line.split(" ")[1]);
  const made = (body: string, whole: boolean, used: number): ReadResponse => ({
    line,
    fields,
    body,
    whole,
    rest: after.slice(used),
  });
  if (method === "HEAD" || status === 204 || status === 304 || status < 200) return made("", true, 0);
  if (fields.some((field) => field === "transfer-encoding: chunked")) {
    const chunks = readChunks(after);
    if (chunks !== undefined) return made(chunks.text, true, chunks.length);
    return ended ? made("(cut)", false, after.length) : undefined;
  }
  const length = fields.find((field) => field.startsWith("content-length:"))?.split(" ")[1];
  if (length !== undefined) {
    if (after.length >= Number(length)) return made(after.slice(0, Number(length)), true, Number(length));
    return ended ? made(after, false, after.length) : undefined;
  }
  return ended ? made(after, !broken, after.length) : undefined;
}
