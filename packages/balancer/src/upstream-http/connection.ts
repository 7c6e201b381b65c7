import net from "node:net";
import tls from "node:tls";
import { hostLookup } from "@drover/foundation/network/host-lookup";
import type { Target } from "./target.ts";

/** Who is told what happens on a connection while it carries a request. */
export interface ConnectionUser {
  onConnected(): void;
  /** The bytes are only good until this returns. */
  onBytes(bytes: Buffer): void;
  /** The upstream sends nothing more. */
  onEnd(): void;
  onError(error: Error): void;
  /** Nothing came or went for the time set with `limit`. */
  onSilence(): void;
  onDrained(): void;
}

/** One buffer for every read: the bytes are used before the next read begins. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** A connection to an upstream; carries one request at a time. */
export class UpstreamConnection {
  readonly upstream: Target;
  readonly openedAtMs: number;
  readonly socket: net.Socket;
  /** Requests that it has carried, the running one included. */
  requests = 0;
  connected = false;
  /** When its last response was complete, on the monotonic clock; undefined before the first. */
  restsSinceMs: number | undefined;
  #user: ConnectionUser | undefined;
  #onIdleLoss: (() => void) | undefined;
  /** Set while the time is over, but what came meanwhile is still to be read. */
  #overdue: NodeJS.Immediate | undefined;

  constructor(upstream: Target, nowMs: number, verifyTls: boolean) {
    this.upstream = upstream;
    this.openedAtMs = nowMs;
    this.socket = this.#open(verifyTls);
    this.socket.setNoDelay(true);
    this.socket.on("end", () => (this.#user === undefined ? this.#lost() : this.#user.onEnd()));
    this.socket.on("error", (error) => (this.#user === undefined ? this.#lost() : this.#user.onError(error)));
    // As with the clock's timers: after a standstill of this process the time is over before anything is read.
    this.socket.on("timeout", () => (this.#overdue = setImmediate(() => this.#silent())));
    this.socket.on("drain", () => {
      clearImmediate(this.#overdue);
      this.#user?.onDrained();
    });
    this.socket.on("close", () => (this.#user === undefined ? this.#lost() : this.#user.onEnd()));
  }

  /** True when it has carried a request before: the upstream may have closed it in the meantime. */
  get reused(): boolean {
    return this.requests > 1;
  }

  use(user: ConnectionUser): void {
    this.#user = user;
    this.#onIdleLoss = undefined;
    this.requests += 1;
  }

  /** Nobody uses it; `onLoss` is called once when the upstream closes it, sends anything or `idleMs` pass. */
  rest(idleMs: number, onLoss: () => void): void {
    this.#user = undefined;
    this.#onIdleLoss = onLoss;
    this.limit(idleMs);
    this.socket.resume();
  }

  /** Silence that is allowed from now on; 0 is any. */
  limit(ms: number): void {
    clearImmediate(this.#overdue);
    this.socket.setTimeout(ms);
  }

  destroy(): void {
    clearImmediate(this.#overdue);
    this.#user = undefined;
    this.#onIdleLoss = undefined;
    this.socket.destroy();
  }

  #lost(): void {
    const onLoss = this.#onIdleLoss;
    this.#onIdleLoss = undefined;
    this.socket.destroy();
    onLoss?.();
  }

  #silent(): void {
    if (this.#user === undefined) this.#lost();
    else this.#user.onSilence();
  }

  #read(bytes: Buffer): void {
    clearImmediate(this.#overdue);
    if (this.#user === undefined) this.#lost();
    else this.#user.onBytes(bytes);
  }

  #open(verifyTls: boolean): net.Socket {
    const { address } = this.upstream;
    const connected = (): void => {
      this.connected = true;
      this.#user?.onConnected();
    };
    if (address.tls) {
      const options = { host: address.host, port: address.port, lookup: hostLookup, rejectUnauthorized: verifyTls };
      const servername = net.isIP(address.host) === 0 ? { servername: address.host } : {};
      const socket = tls.connect({ ...options, ...servername }, connected);
      socket.on("data", (bytes: Buffer) => this.#read(bytes));
      return socket;
    }
    const target =
      address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port, lookup: hostLookup };
    const onread = {
      buffer: readBuffer,
      callback: (length: number) => {
        this.#read(readBuffer.subarray(0, length));
        return true;
      },
    };
    return net.connect({ ...target, onread }, connected);
  }
}
