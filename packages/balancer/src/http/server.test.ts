import assert from "node:assert/strict";
import { once } from "node:events";
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { listenOn } from "./server.ts";

const listen = (path: string) => listenOn(http.createServer(), { path });

describe("a public unix socket", () => {
  it("can be connected to by a proxy of another user, takes a dead one's path, and never a living one's", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drover-socket-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "public.sock");
    const killed = net.createServer().listen(join(folder, "first.sock"));
    await once(killed, "listening");
    // What is left when a process is killed: the file, without a listener.
    linkSync(join(folder, "first.sock"), path);
    killed.close();
    const server = http.createServer();
    t.after(() => server.close());
    await listenOn(server, { path });
    // To connect is to write; the other bits differ between versions of Node.
    assert.equal(statSync(path).mode & 0o222, 0o222);
    await assert.rejects(listenOn(http.createServer(), { path }), /the address is in use/);
  });

  it("is made where nothing else is, under the path that was given, and nowhere else", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drover-socket-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "notes.txt");
    writeFileSync(file, "mine");
    await assert.rejects(listen(file), /what is there is no socket/);
    assert.equal(readFileSync(file, "utf8"), "mine");
    await assert.rejects(listen(join(folder, "x".repeat(200))), /at most \d+ bytes/);
    await assert.rejects(listen(join(folder, "no", "such.sock")), /there is no folder/);
    assert.deepEqual(readdirSync(folder), ["notes.txt"]);
  });
});
