import type { Socket } from "node:net";

/** Counts connections by address and cuts those over the limit; 0 is no limit. */
export class ConnectionLimit {
  readonly #open = new Map<string, number>();
  readonly #onCut: () => void;
  limit: number;

  constructor(limit: number, onCut: () => void) {
    this.limit = limit;
    this.#onCut = onCut;
  }

  /** For the server's `connection` event. */
  admit(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const open = this.#open.get(address) ?? 0;
    if (this.limit > 0 && open >= this.limit) {
      this.#onCut();
      socket.destroy();
      return;
    }
    this.#open.set(address, open + 1);
    socket.once("close", () => {
      const left = (this.#open.get(address) ?? 1) - 1;
      if (left > 0) this.#open.set(address, left);
      else this.#open.delete(address);
    });
  }
}
