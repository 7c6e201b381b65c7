import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { urlCacheName } from "../sources/cache-name.ts";
import { writeSyntheticModel } from "../synthetic/synthetic-model.ts";
import { withScratch } from "../test-support/scratch.ts";
import { fetchModel } from "./fetch-model.ts";

/** Pieces of 32 KiB of files from 100 KB on. */
const split = { connections: 3, pieceBytes: 32_768, leastBytes: 100_000 };

/** A server that gives ranges. `hold` may keep a response back: it is called with its first byte and what sends it. */
async function withRanges(
  content: Buffer,
  hold: (from: number, send: () => void, response: ServerResponse) => void,
  use: (url: string, requests: readonly IncomingMessage[]) => Promise<void>,
): Promise<void> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const end = to === undefined || to === "" ? content.length : Number(to) + 1;
    const headers = { etag: '"one"', "accept-ranges": "bytes", "content-length": end - start };
    hold(
      start,
      () => {
        const range = { "content-range": `bytes ${start}-${end - 1}/${content.length}` };
        response.writeHead(from === undefined ? 200 : 206, { ...headers, ...(from === undefined ? {} : range) });
        response.end(content.subarray(start, end));
      },
      response,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/m.gguf`, requests);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** What is there of one URL's file becomes that of another one's, as if both were the same address. */
async function takeOver(cacheDir: string, from: string, to: string): Promise<void> {
  const [before, after] = [urlCacheName(from), urlCacheName(to)];
  for (const name of await readdir(cacheDir))
    await rename(join(cacheDir, name), join(cacheDir, name.replace(before, after)));
  const note = join(cacheDir, `${after}.part.json`);
  await writeFile(note, (await readFile(note, "utf8")).replace(from, to));
}

async function model(directory: string): Promise<Buffer> {
  const path = join(directory, "tiny.gguf");
  await writeSyntheticModel("tiny", path, "f16");
  return await readFile(path);
}

const rangeOf = (request: IncomingMessage | undefined) => request?.headers.range;

describe("a large download", () => {
  it("comes by four connections at once, and is the server's byte by byte", () =>
    withScratch(async (directory) => {
      const content = await model(directory);
      const waiting: (() => void)[] = [];
      let hasBegun = false;
      // None gets more than its first bytes before all four have asked.
      const hold = (from: number, send: () => void, response: ServerResponse) => {
        if (hasBegun) return send();
        if (from === 0) {
          response.writeHead(200, { etag: '"one"', "accept-ranges": "bytes", "content-length": content.length });
          response.write(content.subarray(0, 1000));
          waiting.push(() => response.end(content.subarray(1000)));
        } else waiting.push(send);
        if (waiting.length < 4) return undefined;
        hasBegun = true;
        for (const one of waiting) one();
        return undefined;
      };
      await withRanges(content, hold, async (url, requests) => {
        const seen: number[] = [];
        const options = {
          cacheDir: join(directory, "cache"),
          split,
          onProgress: (at: { doneBytes: number }) => void seen.push(at.doneBytes),
        };
        const path = await fetchModel({ type: "url", url }, options);
        assert.ok((await readFile(path)).equals(content));
        const last = `bytes=${content.length - split.pieceBytes}-${content.length - 1}`;
        assert.equal(requests.find((request) => rangeOf(request) === last)?.headers["if-range"], '"one"');
        assert.equal(seen.at(-1), content.length);
        assert.deepEqual(
          seen.toSorted((a, b) => a - b),
          seen,
        );
      });
    }));

  it("asks in a later call for the middle alone, which neither side had reached", () =>
    withScratch(async (directory) => {
      const content = await model(directory);
      const cacheDir = join(directory, "cache");
      let [pieces, first] = [0, ""];
      const stop = new AbortController();
      // The front stands after its first bytes; of the end, three pieces arrive.
      const hold = (from: number, send: () => void, response: ServerResponse) => {
        if (from > 0) {
          pieces += 1;
          if (pieces <= 3) send();
          else if (pieces === 6) stop.abort();
          return;
        }
        response.writeHead(200, { etag: '"one"', "accept-ranges": "bytes", "content-length": content.length });
        response.write(content.subarray(0, 1000));
      };
      const begun = withRanges(content, hold, async (url, requests) => {
        await assert.rejects(fetchModel({ type: "url", url }, { cacheDir, split, signal: stop.signal }), {
          code: "download_aborted",
        });
        assert.ok(requests.length >= 7);
        first = url;
      });
      await begun;
      await withRanges(
        content,
        (_from, send) => send(),
        async (url, requests) => {
          await takeOver(cacheDir, first, url);
          const path = await fetchModel({ type: "url", url }, { cacheDir, split });
          assert.ok((await readFile(path)).equals(content));
          assert.equal(rangeOf(requests[0]), `bytes=1000-${content.length - 3 * split.pieceBytes - 1}`);
        },
      );
    }));

  for (const [when, isReached] of [
    ["at once", () => true],
    ["when they are all that is left", (left: number) => left <= split.connections * split.pieceBytes],
  ] as const) {
    it(`goes on by one connection where the server gives no pieces, and says so ${when}`, () =>
      withScratch(async (directory) => {
        const content = await model(directory);
        const refusals: (() => void)[] = [];
        let leftBytes = content.length;
        const refuseReached = (): void => {
          if (isReached(leftBytes)) for (const refuse of refusals.splice(0)) refuse();
        };
        const hold = (from: number, send: () => void, response: ServerResponse): void => {
          if (from === 0) send();
          else refusals.push(() => response.writeHead(429).end());
          refuseReached();
        };
        const onProgress = ({ doneBytes }: { readonly doneBytes: number }): void => {
          leftBytes = content.length - doneBytes;
          refuseReached();
        };
        await withRanges(content, hold, async (url) => {
          const cacheDir = join(directory, "cache");
          const path = await fetchModel({ type: "url", url }, { cacheDir, split, onProgress });
          assert.ok((await readFile(path)).equals(content));
        });
      }));
  }
});

describe("a digest in the response", () => {
  for (const [name, valueOf] of [
    ["repr-digest", (digest: Buffer) => `sha-256=:${digest.toString("base64")}:`],
    ["digest", (digest: Buffer) => `SHA-256=${digest.toString("base64")}`],
  ] as const) {
    it(`is compared where it is ${name}`, () =>
      withScratch(async (directory) => {
        const content = await model(directory);
        const right = createHash("sha256").update(content).digest();
        for (const digest of [randomBytes(32), right]) {
          const server = createServer((_request, response) =>
            response.writeHead(200, { "content-length": content.length, [name]: valueOf(digest) }).end(content),
          );
          await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
          const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m.gguf`;
          try {
            const fetching = fetchModel({ type: "url", url }, { cacheDir: join(directory, name) });
            if (digest === right) assert.ok((await readFile(await fetching)).equals(content));
            else await assert.rejects(fetching, { code: "download_wrong_content" });
          } finally {
            server.close();
          }
        }
      }));
  }
});
