import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, it } from "node:test";
import { relayEarlyHints } from "./head-reader.ts";

const HINT = { httpVersion: "1.1", status: 103, reason: "", headers: ["Link", "</a>"] } as const;
/** More than the kernel takes of a connection that nobody reads. */
const MUCH_BYTES = 64 * 2 ** 20;

describe("a 103", () => {
  it("is kept in memory for no client that reads nothing", async () => {
    const server = http.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => {});
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.pause();
    const [request, response] = (await once(server, "request")) as [http.IncomingMessage, http.ServerResponse];
    const { socket } = response;
    assert.ok(socket);
    relayEarlyHints(HINT, { request, response, switchable: undefined });
    assert.ok(socket.bytesWritten > 0, "a client that reads has it");
    socket.write(Buffer.alloc(MUCH_BYTES));
    const { writableLength } = socket;
    assert.ok(writableLength > 0);
    relayEarlyHints(HINT, { request, response, switchable: undefined });
    assert.equal(socket.writableLength, writableLength);
    client.destroy();
    server.close();
    server.closeAllConnections();
  });
});
