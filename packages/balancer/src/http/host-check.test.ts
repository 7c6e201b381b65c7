import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { Settings } from "@drover/config";
import { rawExchange } from "../test-support/raw-exchange.ts";
import { runBalancer } from "../test-support/run-balancer.ts";

/** Header fields as a browser sends them. */
const browser = (host: string) => `Host: ${host}\r\nAccept-Language: en`;
const trusting = (settings: Settings) => ({ ...settings, trustedProxies: ["127.0.0.1"] });
const allowing = (settings: Settings) => ({ ...settings, allowedHosts: ["my-machine"] });
const cors = (settings: Settings) => ({ ...settings, cors: { origins: ["https://ui.test"] } });
const from = (origin: string, more = "") => `Host: localhost\r\nOrigin: ${origin}${more}`;
const keyed = (settings: Settings) => ({ ...settings, apiKeys: ["secret-1"] });

describe("a page that was pointed at this machine by another name", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  async function statuses(change: (settings: Settings) => Settings, fields: readonly string[]): Promise<string[]> {
    const { balancer, port } = await runBalancer({ settings: change });
    closers.push(() => balancer.close({ drainTimeoutMs: 0 }));
    const found: string[] = [];
    for (const field of fields) {
      const text = await rawExchange(port, `GET /live HTTP/1.1\r\n${field}\r\nConnection: close\r\n\r\n`);
      found.push(text.slice(9, 12));
    }
    return found;
  }

  const hosts = ["127.0.0.1:8080", "[::1]", "localhost", "App.LOCALHOST:8080", "evil.test", "my-machine:8080"];

  it("is refused, and every name of the machine is not", async () => {
    const responses = await statuses((settings) => ({ ...settings, allowedHosts: ["my-machine"] }), hosts.map(browser));
    assert.deepEqual(responses, ["200", "200", "200", "200", "403", "200"]);
  });

  it("is refused too where it is at home elsewhere, and only sends, unless the settings say otherwise", async () => {
    const own = [
      "http://localhost:3000",
      "http://127.0.0.1:8080",
      "http://[::1]:1",
      "https://my-machine",
      "tauri://localhost",
    ];
    const strange = [
      "https://evil.test",
      "http://localhost.evil.test",
      "http://127.evil.test",
      "http://192.0.2.7",
      "null",
      "http://",
    ];
    assert.deepEqual(
      await statuses(
        allowing,
        own.map((origin) => from(origin)),
      ),
      Array(5).fill("200"),
    );
    assert.deepEqual(
      await statuses(
        allowing,
        strange.map((origin) => from(origin)),
      ),
      Array(6).fill("403"),
    );
    const asked = [
      from("https://ui.test"),
      from("https://evil.test"),
      from("https://x.test", "\r\nSec-Fetch-Site: same-origin"),
    ];
    assert.deepEqual(await statuses(cors, asked), ["200", "403", "200"]);
    assert.deepEqual(await statuses((settings) => ({ ...settings, cors: { origins: ["*"] } }), [from("null")]), [
      "200",
    ]);
    assert.deepEqual(await statuses(keyed, [from("https://evil.test")]), ["200"]);
  });

  it("is not looked for among programs, behind trusted proxies, and where keys are set", async () => {
    assert.deepEqual(await statuses((settings) => settings, ["Host: evil.test"]), ["200"]);
    assert.deepEqual(await statuses(trusting, [browser("evil.test")]), ["200"]);
    assert.deepEqual(await statuses(keyed, [browser("evil.test")]), ["200"]);
  });
});
