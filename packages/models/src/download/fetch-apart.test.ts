import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ModelError } from "../errors.ts";
import { UNWANTED } from "./download.ts";
import { fetchModelApart } from "./fetch-apart.ts";
import { writeSyntheticModel } from "../synthetic/synthetic-model.ts";
import { serveFile, status } from "../test-support/file-server.ts";
import { withScratch } from "../test-support/scratch.ts";

describe("fetchModelApart", () => {
  it("has a file from a server that ends its connection right behind the body, as python's http.server does", () =>
    withScratch(async (directory) => {
      const content = await model(directory);
      const head = `HTTP/1.0 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`;
      await withServer(
        (socket) => socket.once("data", () => socket.end(Buffer.concat([Buffer.from(head), content]))),
        async (url) => {
          const cacheDir = join(directory, "cache");
          const path = await fetchModelApart({ type: "url", url: `${url}/m.gguf` }, { cacheDir });
          assert.deepEqual(await readFile(path), content);
        },
      );
    }));

  it("tells how far it is, and hands on what is wrong as the error that it is", () =>
    withScratch(async (directory) => {
      const content = await model(directory);
      const server = await serveFile(content);
      const gone = await serveFile(content, status(404));
      const cacheDir = join(directory, "cache");
      try {
        const seen: number[] = [];
        const onProgress = ({ doneBytes }: { readonly doneBytes: number }) => void seen.push(doneBytes);
        await fetchModelApart({ type: "url", url: `${server.url}/m.gguf` }, { cacheDir, onProgress });
        assert.equal(seen.at(-1), content.length);
        const missing = fetchModelApart({ type: "url", url: `${gone.url}/other.gguf` }, { cacheDir });
        await assert.rejects(missing, (error) => error instanceof ModelError && error.code === "download_not_found");
      } finally {
        await server.close();
        await gone.close();
      }
    }));

  it("stops when it is told to, and keeps what another call could go on from, unless that is not wanted", () =>
    withScratch(async (directory) => {
      const content = await model(directory);
      const head = `HTTP/1.1 200 OK\r\netag: "one"\r\ncontent-length: ${content.length}\r\n\r\n`;
      const half = Buffer.concat([Buffer.from(head), content.subarray(0, content.length / 2)]);
      const unbounded = Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), content]);
      for (const [sent, reason, left] of [
        [half, undefined, ["m.gguf.part", "m.gguf.part.json"]],
        [half, UNWANTED, []],
        // Nobody could go on from it, nor tell whether it was all.
        [unbounded, undefined, []],
      ] as const) {
        const cacheDir = mkdtempSync(join(directory, "cache-"));
        const cancel = new AbortController();
        const onProgress = () => cancel.abort(reason);
        const options = { cacheDir, signal: cancel.signal, onProgress };
        await withServer(
          (socket) => socket.once("data", () => socket.write(sent)),
          async (url) => {
            const fetching = fetchModelApart({ type: "url", url: `${url}/m.gguf` }, options);
            await assert.rejects(fetching, (error) => error instanceof ModelError && error.code === "download_aborted");
          },
        );
        const names = await readdir(cacheDir);
        assert.deepEqual(names.map((name) => name.replace(/^.*m\.gguf/, "m.gguf")).toSorted(), left);
      }
    }));
});

async function model(directory: string): Promise<Buffer> {
  const path = join(directory, "m.gguf");
  await writeSyntheticModel("tiny", path, "q8_0");
  return await readFile(path);
}

async function withServer(onConnection: (socket: Socket) => void, use: (url: string) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    await use(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
