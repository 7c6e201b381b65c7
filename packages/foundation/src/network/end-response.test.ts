import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { createManualClock } from "../test-support/manual-clock.ts";
import { endResponse } from "./end-response.ts";

const MEBIBYTE = 2 ** 20;
const head = (lengthBytes: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${lengthBytes}\r\n\r\n`;

/** A client that goes on sending when the server has ended its direction. */
class Client {
  readonly socket = new net.Socket({ allowHalfOpen: true });
  heard = "";
  /** The server has closed the connection. */
  isEnded = false;
  #unread = 0;
  #onNews = () => {};

  connect(port: number): void {
    this.socket.connect(port, "127.0.0.1");
    // It may be cut at any time.
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes) => {
      this.heard += String(bytes);
      this.#onNews();
    });
  }

  onRead(bytes: number): void {
    this.#unread -= bytes;
    this.#onNews();
  }

  onEnd(): void {
    this.isEnded = true;
    this.#onNews();
  }

  /** Resolves when the server has read it, or the connection has ended. */
  async send(bytes: number): Promise<void> {
    this.#unread += bytes;
    this.socket.write(Buffer.alloc(bytes));
    await this.#until(() => this.#unread === 0);
  }

  /** Resolves when so many responses are there. */
  async responses(count: number): Promise<void> {
    await this.#until(() => this.heard.split("\r\n\r\nno").length > count);
  }

  async ended(): Promise<void> {
    await this.#until(() => false);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.isEnded) await new Promise<void>((resolve) => (this.#onNews = resolve));
  }
}

describe("A response that comes before its request has", () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  /** Responds to each request at once. */
  async function serve(isKept: boolean) {
    const clock = createManualClock();
    const client = new Client();
    const server = http.createServer((request, response) => {
      request.on("data", (part: Buffer) => client.onRead(part.length));
      response.shouldKeepAlive = isKept;
      response.writeHead(401, { "content-length": 2 });
      endResponse(response, "no", clock);
    });
    server.on("connection", (socket) => socket.on("close", () => client.onEnd()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ends.push(() => server.close());
    client.connect((server.address() as AddressInfo).port);
    ends.push(() => client.socket.destroy());
    return { clock, client };
  }

  for (const isKept of [false, true]) {
    const name = isKept ? "and whose connection is kept" : "and whose connection ends";
    it(`${name} reaches a client that goes on sending, which is cut when it sends nothing more`, async () => {
      const { clock, client } = await serve(isKept);
      client.socket.write(head(64 * MEBIBYTE));
      await client.send(MEBIBYTE);
      await client.responses(1);
      await client.send(8 * MEBIBYTE);
      assert.match(client.heard, /\r\n\r\nno$/);
      assert.equal(client.isEnded, false);
      clock.advance(5000);
      await client.ended();
    });

    it(`${name} is cut where a client goes on sending for too long`, async () => {
      const { clock, client } = await serve(isKept);
      client.socket.write(head(64 * MEBIBYTE));
      await client.responses(1);
      while (!client.isEnded && clock.monotonicMs() < 60_000) {
        await client.send(100);
        clock.advance(1000);
      }
      assert.ok(clock.monotonicMs() >= 30_000 && clock.monotonicMs() < 35_000, `after ${clock.monotonicMs()} ms`);
    });

    it(`${name} is cut where a client sends too much`, async () => {
      const { client } = await serve(isKept);
      client.socket.write(head(1024 * MEBIBYTE));
      let sent = 0;
      for (; !client.isEnded && sent < 200; sent += 1) await client.send(MEBIBYTE);
      assert.ok(client.isEnded, "it was read without end");
      assert.match(client.heard, /\r\n\r\nno$/);
    });
  }

  it("is followed by the next one of the connection", async () => {
    const { client } = await serve(true);
    client.socket.write(head(MEBIBYTE));
    await client.responses(1);
    await client.send(MEBIBYTE);
    client.socket.write(head(0));
    await client.responses(2);
    assert.equal(client.isEnded, false);
  });
});
