import assert from "node:assert/strict";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import type { Settings } from "@drover/config";
import { pino } from "pino";
import { eventually } from "../test-support/eventually.ts";
import { runBalancer } from "../test-support/run-balancer.ts";
import { deadPort, httpUpstream } from "../test-support/upstream-server.ts";

describe("the access log", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  /** Sends bytes, and ends with status and body's length as the client saw them and as the log has them. */
  async function open(upstreams: readonly string[], change: (settings: Settings) => Settings = (settings) => settings) {
    const lines: string[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => lines.push(line) });
    const { balancer, port } = await runBalancer({
      settings: (settings) =>
        change({
          ...settings,
          log: { ...settings.log, access: "combined" },
          balancer: { ...settings.balancer, upstreams },
        }),
      options: { logger },
    });
    closers.push(() => balancer.close({ drainTimeoutMs: 0 }));
    return async (text: string): Promise<readonly [seen: string, logged: string]> => {
      const before = lines.length;
      const response = await exchangeOf(port, text);
      await eventually("a line in the log", () => lines.length > before);
      const [, status, bytes] = /" (\d+) (\d+) "/.exec((JSON.parse(lines.at(-1) ?? "") as { msg: string }).msg) ?? [];
      return [response, `${status} ${bytes}`];
    };
  }

  const get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  const post = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";

  it("has the bytes of every response's body, Drover's own included", async () => {
    const upstream = await httpUpstream((_request, response) => response.end("from the upstream"));
    closers.push(() => upstream.close());
    const ask = await open([upstream.origin], (settings) => ({ ...settings, apiKeys: ["the-key"], maxBody: 5 }));
    const key = "Authorization: Bearer the-key\r\n";
    for (const [text, status] of [
      [`${get}${key}\r\n`, 200],
      [`${get}\r\n`, 401],
      [`HEAD${get.slice(3)}\r\n`, 401],
      [`${post}${key}Content-Length: 6\r\n\r\nlarger`, 413],
      [`${post}${key}Transfer-Encoding: chunked\r\n\r\n6\r\nlarger\r\n0\r\n\r\n`, 413],
    ] as const) {
      const [seen, logged] = await ask(text);
      assert.match(seen, new RegExp(`^${status} `), text);
      assert.equal(logged, seen, text);
    }
  });

  it("has the bytes of a 502", async () => {
    const ask = await open([`http://127.0.0.1:${await deadPort()}`]);
    const [seen, logged] = await ask(`${get}\r\n`);
    assert.match(seen, /^502 [1-9]/);
    assert.equal(logged, seen);
  });

  it("calls a body that did not come in time a 408, one that is no HTTP a 400, and only a client that left a 499", async () => {
    const upstream = await httpUpstream((_request, response) => response.end("never asked"));
    closers.push(() => upstream.close());
    const ask = await open([upstream.origin]);
    const hurry = await open([upstream.origin], (settings) => ({
      ...settings,
      limits: { ...settings.limits, bodyTimeout: 300 },
    }));
    const [late, loggedLate] = await hurry(`${post}Content-Length: 9\r\n\r\nabc`);
    assert.match(late, /^408 [1-9]/);
    assert.equal(loggedLate, late);
    const [broken, loggedBroken] = await ask(`${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n`);
    assert.match(broken, /^400 [1-9]/);
    assert.equal(loggedBroken, broken);
    const [, loggedGone] = await ask(`${post}Content-Length: 9\r\n\r\nabcLEAVE`);
    assert.equal(loggedGone, "499 0");
  });
});

/** Status and length of the body, as the client saw them; the text `LEAVE` is not sent, but stands for hanging up. */
function exchangeOf(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    let response = "";
    socket.on("data", (bytes) => (response += bytes.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => {
      const [head = "", body = ""] = response.split("\r\n\r\n");
      resolve(`${head.split(" ")[1]} ${body.length}`);
    });
    socket.write(text.replace("LEAVE", ""), () => {
      if (text.includes("LEAVE")) socket.resetAndDestroy();
    });
  });
}
