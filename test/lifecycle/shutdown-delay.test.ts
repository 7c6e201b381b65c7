import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { chat } from "../support/chat.ts";
import { Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";

const KEY = "a-key-that-nobody-may-read";

describe("a drover that is told to end", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("is not ready for the shutdown delay and serves all the same; and shows no key to whoever reads its log", async () => {
    const words = ["--workers", "1", "--worker-command", fakeCommand(), "--shutdown-delay", "3s", "--api-key", KEY];
    const drover = pasture.up(words);
    const url = await drover.url();
    drover.child.kill("SIGQUIT");
    const dump = await drover.entry((entry) => entry["state"] !== undefined);
    assert.match(JSON.stringify(dump), /"shutdownDelay":3000/);
    assert.doesNotMatch(JSON.stringify(dump), new RegExp(KEY));

    drover.child.kill("SIGTERM");
    await drover.entry(({ msg = "" }) => /not ready from now on/.test(msg));
    for (const path of ["/ready", "/health"]) assert.equal((await fetch(`${url}${path}`)).status, 503);
    assert.equal((await fetch(`${url}/live`)).status, 200);
    const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
    const body = JSON.stringify({ messages: [{ role: "user", content: "hello" }], max_tokens: 2 });
    const late = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
    assert.equal(late.status, 200);
    assert.equal((await drover.ended).code, 0);
  });

  it("opens no debugger for SIGUSR1", async () => {
    const drover = pasture.up(["--workers", "1", "--worker-command", fakeCommand()]);
    const url = await drover.url();
    drover.child.kill("SIGUSR1");
    assert.equal((await chat(url, 2)).status, 200);
    const { code, stderr } = await drover.end();
    assert.deepEqual([code, stderr], [0, ""]);
  });
});
