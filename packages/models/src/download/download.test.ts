import assert from "node:assert/strict";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Clock } from "@drover/foundation/clock";
import type { DownloadRetry } from "./download.ts";
import { ModelError, type ModelErrorCode } from "../errors.ts";
import { fetchModel, type FetchOptions } from "./fetch-model.ts";
import { nextUrl } from "../sources/http-get.ts";
import { urlCacheName } from "../sources/cache-name.ts";
import type { ModelSource } from "../sources/model-source.ts";
import { writeSyntheticModel } from "../synthetic/synthetic-model.ts";
import { breakAfter, serveFile, status, whole, type FileResponse } from "../test-support/file-server.ts";
import { withScratch } from "../test-support/scratch.ts";

/** The time-out of a silent connection, which {@link hastyClock} does not let run out. */
const SILENCE_MS = 60_000;

/** Does not wait, and remembers for how long it should have. */
function hastyClock(onSilenceArmed = () => {}): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    monotonicMs: () => 0,
    epochMs: () => 0,
    after: (durationMs, action) => {
      if (durationMs === SILENCE_MS) {
        onSilenceArmed();
        return () => undefined;
      }
      slept.push(durationMs);
      const turn = setImmediate(action);
      return () => clearImmediate(turn);
    },
    every: () => () => undefined,
  };
}

interface Outcome {
  readonly path: string | undefined;
  readonly error: unknown;
  readonly bytes: Buffer | undefined;
  readonly content: Buffer;
  readonly ranges: readonly (string | undefined)[];
  readonly slept: readonly number[];
  readonly left: readonly string[];
  readonly progress: readonly number[];
  readonly retries: readonly DownloadRetry[];
}

type Bounds = Pick<FetchOptions, "leastFreeBytes" | "mostBytes">;

async function download(...responses: readonly FileResponse[]): Promise<Outcome> {
  return await downloadTo({}, ...responses);
}

async function downloadTo(
  { onSilenceArmed, ...bounds }: Bounds & { readonly onSilenceArmed?: () => void },
  ...responses: readonly FileResponse[]
): Promise<Outcome> {
  return await withScratch(async (directory) => {
    const content = await tinyModel(directory);
    const server = await serveFile(content, ...responses);
    const clock = hastyClock(onSilenceArmed);
    const progress: number[] = [];
    const retries: DownloadRetry[] = [];
    const cacheDir = join(directory, "cache");
    try {
      const source: ModelSource = { type: "url", url: `${server.url}/folder/model.gguf` };
      const onProgress = ({ doneBytes }: { doneBytes: number }): void => {
        progress.push(doneBytes);
        server.arrived(doneBytes);
      };
      const result = await fetchModel(source, {
        ...bounds,
        cacheDir,
        clock,
        onProgress,
        onRetry: (retry) => retries.push(retry),
      }).then(
        (path) => ({ path, error: undefined }),
        (error: unknown) => ({ path: undefined, error }),
      );
      return {
        ...result,
        content,
        bytes: result.path === undefined ? undefined : await readFile(result.path),
        ranges: server.requests.map((request) => request.headers.range),
        slept: clock.slept,
        left: (await readdir(cacheDir)).toSorted(),
        progress,
        retries,
      };
    } finally {
      await server.close();
    }
  });
}

async function tinyModel(directory: string): Promise<Buffer> {
  const path = join(directory, "tiny.gguf");
  await writeSyntheticModel("tiny", path, "f16");
  return await readFile(path);
}

function assertFetched(outcome: Outcome): void {
  assert.equal(outcome.error, undefined);
  assert.ok(outcome.bytes?.equals(outcome.content), "the file is the server's, byte by byte");
  assert.deepEqual(
    outcome.left.filter((name) => !name.endsWith(".gguf")),
    [],
    "nothing but the model is left",
  );
}

function assertFailed(outcome: Outcome, code: ModelErrorCode, words: RegExp): void {
  assert.ok(outcome.error instanceof ModelError, String(outcome.error));
  assert.equal(outcome.error.code, code);
  assert.match(outcome.error.message, words);
  assert.deepEqual(
    outcome.left.filter((name) => name.endsWith(".gguf") || name.endsWith(".lock")),
    [],
  );
}

const ignoring: FileResponse = (_request, response, content) => {
  response.writeHead(200, { etag: '"one"', "content-length": content.length });
  response.end(content);
};

const careless: FileResponse = (request, response, content) => {
  const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
  const headers = { etag: '"new"', "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
  response.writeHead(206, headers);
  response.end(Buffer.alloc(content.length - from, 1));
};

const short: FileResponse = (_request, response, content) => {
  response.writeHead(200, { etag: '"one"', "content-length": content.length - 64 });
  response.end(content.subarray(0, content.length - 64));
};

const long: FileResponse = (request, response, content) => {
  const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
  const headers = { etag: '"one"', "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
  response.writeHead(206, headers);
  response.end(Buffer.concat([content.subarray(from), Buffer.alloc(1000)]));
};

const chunked: FileResponse = (_request, response, content) => {
  response.writeHead(200);
  response.end(content);
};

const endless: FileResponse = (_request, response, content) => {
  response.writeHead(200);
  response.write(content);
  const more = () => {
    while (response.write(Buffer.alloc(2 ** 20)));
  };
  response.on("drain", more);
  more();
};

const drip: FileResponse = (_request, response, content, onceArrived) => {
  response.writeHead(200, { etag: '"one"', "content-length": content.length });
  const send = (from: number): void => {
    if (from >= 20_000) return void response.end(content.subarray(from));
    response.write(content.subarray(from, from + 1000));
    onceArrived(from + 1000, () => send(from + 1000));
  };
  send(0);
};

const from = (url: string, location: string) => () => nextUrl(url, location, new URL(url));

describe("a download", () => {
  it("goes on where the connection broke off, under the same ETag", async () => {
    const outcome = await download(breakAfter(100_000), breakAfter(50_000), whole());
    assertFetched(outcome);
    assert.deepEqual(outcome.ranges, [undefined, "bytes=100000-", "bytes=150000-"]);
    assert.deepEqual(outcome.slept, [1000, 1000]);
    assert.deepEqual(
      outcome.progress.toSorted((a, b) => a - b),
      outcome.progress,
    );
    assert.equal(outcome.progress.at(-1), outcome.content.length);
  });

  it("starts again when the server ignores ranges", async () => {
    const outcome = await download(breakAfter(100_000), ignoring);
    assertFetched(outcome);
    assert.equal(outcome.ranges.length, 2);
  });

  it("never joins two versions: another ETag starts again", async () => {
    assertFetched(await download(breakAfter(100_000, '"old"'), whole('"new"')));
  });

  it("starts again when a range comes from another version than was asked for", async () => {
    const outcome = await download(breakAfter(100_000, '"old"'), careless, whole('"new"'));
    assertFetched(outcome);
    assert.deepEqual(outcome.ranges, [undefined, "bytes=100000-", undefined]);
  });

  it("does not continue a file that the server has no strong validator for", async () => {
    const outcome = await download(breakAfter(100_000, 'W/"weak"'), whole('W/"weak"'));
    assertFetched(outcome);
    assert.deepEqual(outcome.ranges, [undefined, undefined]);
  });

  it("continues in a later call", async () => {
    await withScratch(async (directory) => {
      const content = await tinyModel(directory);
      const server = await serveFile(content, breakAfter(100_000), status(403), whole());
      try {
        const source: ModelSource = { type: "url", url: `${server.url}/model.gguf` };
        const onProgress = ({ doneBytes }: { doneBytes: number }): void => server.arrived(doneBytes);
        const options = { cacheDir: directory, clock: hastyClock(), onProgress };
        await assert.rejects(fetchModel(source, options), { code: "download_forbidden" });
        const path = await fetchModel(source, options);
        assert.ok((await readFile(path)).equals(content));
        assert.equal(server.requests[2]?.headers.range, "bytes=100000-");
      } finally {
        await server.close();
      }
    });
  });

  it("waits longer after each failure without progress, and as long as the server says", async () => {
    const outcome = await download(status(503), status(500), status(429, { "retry-after": "7" }), whole());
    assertFetched(outcome);
    assert.deepEqual(outcome.slept, [1000, 2000, 7000]);
  });

  it("gives up after six failures in a row and says the last reason", async () => {
    const outcome = await download(status(502));
    assertFailed(outcome, "download_failed", /responded with 502, 6 times in a row/);
    assert.equal(outcome.ranges.length, 6);
  });

  it("gives up where the server has another version at each request and breaks off each", async () => {
    let version = 0;
    const outcome = await download((...request) => breakAfter(100_000, `"v${(version += 1)}"`)(...request));
    assertFailed(outcome, "download_failed", /6 times in a row/);
    assert.equal(outcome.ranges.length, 6);
  });

  it("tells of each failure that it will try again, with the reason and the wait", async () => {
    const { retries } = await download(status(502));
    assert.deepEqual(
      retries.map(({ failures, waitMs }) => [failures, waitMs]),
      [1000, 2000, 4000, 8000, 16_000].map((waitMs, index) => [index + 1, waitMs]),
    );
    assert.match(retries[0]?.reason ?? "", /502/u);
  });

  it("names what is wrong with a file that is not there or not allowed", async () => {
    assertFailed(await download(status(404)), "download_not_found", /model\.gguf does not exist \(404\)/);
    assertFailed(await download(status(401)), "download_forbidden", /set HF_TOKEN/);
    assertFailed(await download(status(418)), "download_failed", /responded with 418/);
  });

  it("refuses a web page at its first bytes", async () => {
    const page = status(200, { "content-type": "text/html" }, "<!doctype html><title>Sign in</title>");
    assertFailed(await download(page), "download_wrong_content", /the server sent text\/html/);
  });

  it("refuses a whole file whose tensors are not all inside", async () => {
    assertFailed(await download(short), "download_wrong_content", /is cut short/);
  });

  it("refuses a range that is longer than the file", async () => {
    assertFailed(await download(breakAfter(100_000), long), "download_wrong_content", /sent more than/);
  });

  it("takes a file whose size the server does not tell", async () => {
    assertFetched(await download(chunked));
  });

  it("does not fill the disk with what has no end", async () => {
    const outcome = await downloadTo({ leastFreeBytes: Number.MAX_SAFE_INTEGER }, endless);
    assertFailed(outcome, "disk_full", /does not tell how long it is, and after 64 MiB the disk has only/);
    assert.deepEqual(outcome.left, [], "nothing of it is left");
  });

  it("takes no file that is longer than one may be, whether its server says so or not", async () => {
    const sent = await downloadTo({ mostBytes: 2 ** 20 }, endless);
    assertFailed(sent, "download_too_large", /sends more than the 1 MiB that a download may have \(maxDownload\)/);
    const announced = await downloadTo({ mostBytes: 1000 }, whole());
    assertFailed(announced, "download_too_large", /is \d+ [KM]iB long, over the 1000 bytes/);
    assert.deepEqual([sent.left, announced.left], [[], []], "nothing of it is left");
  });

  it("gives up where each attempt brings a few bytes more", async () => {
    const outcome = await download(breakAfter(5000));
    assertFailed(outcome, "download_failed", /6 times in a row/);
    assert.equal(outcome.ranges.length, 6);
  });

  it("is not kept waiting by a server that sends a few bytes at a time", async () => {
    let armed = 0;
    const outcome = await downloadTo({ onSilenceArmed: () => (armed += 1) }, drip);
    assertFetched(outcome);
    const most = 1 + Math.ceil(outcome.content.length / (32 * 1024));
    assert.ok(armed <= most, `${armed} times, of at most ${most}`);
  });

  it("follows no redirect into the clear, to this machine itself, or to what is no server", async () => {
    const cases = [
      ["https://a.example/m.gguf", "http://a.example/m.gguf", /from https to http/],
      ["http://a.example/m.gguf", "file:///etc/passwd", /redirects to file:/],
      ["http://a.example/m.gguf", "http://[", /no address/],
      ...["127.1", "localhost", "a.localhost.", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"].map(
        (host) => ["http://a.example/m.gguf", `http://${host}/latest`, /this machine itself/] as const,
      ),
    ] as const;
    for (const [url, location, why] of cases) assert.throws(from(url, location), why, location);
    assert.equal(from("http://127.0.0.1/m", "http://localhost/n")().href, "http://localhost/n");
    assert.equal(from("https://a.example/m", "//10.0.0.1/n")().href, "https://10.0.0.1/n");
    const around = await download(status(302, { location: "/folder/model.gguf" }));
    assertFailed(around, "download_failed", /redirects more than 10 times/);
    assert.deepEqual(around.slept, [], "it is not tried again");
  });

  it("gives up a connection that falls silent", async () => {
    await withScratch(async (directory) => {
      const content = await tinyModel(directory);
      const silent: FileResponse = (_request, response) => {
        response.writeHead(200, { etag: '"one"', "content-length": content.length });
        response.write(content.subarray(0, 1000));
      };
      const server = await serveFile(content, silent, whole());
      let giveUp: (() => void) | undefined;
      const hasty = hastyClock();
      const clock: Clock = {
        ...hasty,
        after: (durationMs, action) => {
          if (durationMs !== SILENCE_MS) return hasty.after(durationMs, action);
          giveUp = action;
          return () => undefined;
        },
      };
      // the minute of silence is over as soon as it has begun
      const onProgress = ({ doneBytes }: { doneBytes: number }): void => {
        if (doneBytes === 1000) giveUp?.();
      };
      try {
        const source: ModelSource = { type: "url", url: `${server.url}/model.gguf` };
        const path = await fetchModel(source, { cacheDir: directory, clock, onProgress });
        assert.ok((await readFile(path)).equals(content));
        assert.equal(server.requests.length, 2);
      } finally {
        await server.close();
      }
    });
  });

  it("stops when the caller does, and keeps what arrived", async () => {
    await withScratch(async (directory) => {
      const content = await tinyModel(directory);
      const stalled: FileResponse = (_request, response) => {
        response.writeHead(200, { etag: '"one"', "content-length": content.length });
        response.write(content.subarray(0, 1000));
      };
      const server = await serveFile(content, stalled);
      const controller = new AbortController();
      try {
        const source: ModelSource = { type: "url", url: `${server.url}/model.gguf` };
        const options = { cacheDir: directory, signal: controller.signal, onProgress: () => controller.abort() };
        await assert.rejects(fetchModel(source, options), { code: "download_aborted" });
        const left = (await readdir(directory)).filter((name) => name.includes("127.0.0.1"));
        assert.deepEqual(left.map((name) => name.replace(/^.*\.gguf/, "")).toSorted(), [".part", ".part.json"]);
      } finally {
        await server.close();
      }
    });
  });

  it("is made once when two ask at the same time", async () => {
    await withScratch(async (directory) => {
      const content = await tinyModel(directory);
      const server = await serveFile(content, whole());
      try {
        const source: ModelSource = { type: "url", url: `${server.url}/model.gguf` };
        const [one, two] = await Promise.all([
          fetchModel(source, { cacheDir: directory }),
          fetchModel(source, { cacheDir: directory }),
        ]);
        assert.equal(one, two);
        assert.equal(server.requests.length, 1);
      } finally {
        await server.close();
      }
    });
  });

  it("takes over the lock of a process that died", async () => {
    await withScratch(async (directory) => {
      const content = await tinyModel(directory);
      const server = await serveFile(content, whole());
      try {
        const name = urlCacheName(`${server.url}/model.gguf`);
        await writeFile(join(directory, `${name}.lock`), "999999999");
        const path = await fetchModel({ type: "url", url: `${server.url}/model.gguf` }, { cacheDir: directory });
        assert.equal(path, join(directory, name));
      } finally {
        await server.close();
      }
    });
  });

  it("says that the place to write to can't be written", async () => {
    await withScratch(async (directory) => {
      await writeFile(join(directory, "file"), "");
      const source: ModelSource = { type: "url", url: "http://127.0.0.1:9/model.gguf" };
      const options = { cacheDir: join(directory, "file", "cache"), clock: hastyClock() };
      await assert.rejects(fetchModel(source, options), { code: "write_failed" });
    });
  });

  it("writes nothing where links lead that somebody else has put into the cache", async () => {
    await withScratch(async (directory) => {
      const content = await tinyModel(directory);
      const server = await serveFile(content, whole());
      try {
        const url = `${server.url}/model.gguf`;
        const path = join(directory, urlCacheName(url));
        const files = [".part", ".part.json", ".part.json.new"].map((end) => ({
          own: join(directory, `x${end}`),
          end,
        }));
        // With this one the download would go on at the end of the other file.
        const note = { url, totalBytes: content.length, validator: '"one"' };
        for (const { own, end } of files) {
          await writeFile(own, end === ".part.json" ? JSON.stringify(note) : content.subarray(0, 1000));
          await symlink(own, path + end);
        }
        await fetchModel({ type: "url", url }, { cacheDir: directory });
        assert.ok((await readFile(path)).equals(content));
        for (const { own, end } of files)
          if (end !== ".part.json") assert.ok((await readFile(own)).equals(content.subarray(0, 1000)), end);
        assert.equal(server.requests[0]?.headers.range, undefined);
      } finally {
        await server.close();
      }
    });
  });

  it("needs no server when the file is there", async () => {
    await withScratch(async (directory) => {
      const content = await tinyModel(directory);
      const server = await serveFile(content, whole());
      const source: ModelSource = { type: "url", url: `${server.url}/model.gguf` };
      const first = await fetchModel(source, { cacheDir: directory });
      await server.close();
      assert.equal(await fetchModel(source, { cacheDir: directory }), first);
    });
  });
});
