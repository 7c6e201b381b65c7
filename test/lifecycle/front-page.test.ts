import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { startTinyDrover } from "../support/tiny-drover.ts";

interface Page {
  readonly name: string;
  readonly version: string;
  readonly needs_key: boolean;
  readonly health: string;
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

const key = { authorization: "Bearer s3cret" };

describe("the public port's front page", () => {
  const pasture = new Pasture();
  let url: string;

  before(async () => {
    ({ url } = await startTinyDrover(pasture, ["--workers", "1", "--ctx", "128", "--api-key", "s3cret"]));
  });
  after(() => pasture.close());

  it("is text for curl, within 80 columns, and needs no key, which it says", async () => {
    const response = await fetch(url, { headers: { accept: "*/*" } });
    const text = await response.text();
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
    assert.match(text, /^Drover \d+\.\d+\.\d+/);
    assert.match(text, /Authorization: Bearer KEY/);
    assert.ok(text.split("\n").every((line) => line.length <= 80));
  });

  it("is the console for a browser", async () => {
    const response = await fetch(url, { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
    assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(await response.text(), /^<!doctype html>.*<script type="module" src="\.\/console\/assets\/main-/s);
  });

  it("lists as JSON only what is really served", async () => {
    const page = (await (await fetch(url, { headers: { accept: "application/json" } })).json()) as Page;
    assert.deepEqual([page.name, page.needs_key, page.health], ["Drover", true, "/health"]);
    assert.ok(page.routes.length > 8);
    for (const { method, path } of page.routes) {
      const { status } = await fetch(`${url}${path}`, {
        method,
        headers: key,
        ...(method === "POST" && { body: "{}" }),
      });
      assert.ok(status === 200 || status === 400, `${method} ${path}: ${status}`);
    }
  });

  it("takes GET only, and leaves the path to a worker command, which may have a page of its own", async () => {
    assert.equal((await fetch(url, { method: "POST", body: "{}" })).status, 405);
    const other = new Pasture();
    try {
      const address = await other.up(["--workers", "1", "--worker-command", fakeCommand()]).url();
      assert.doesNotMatch(await (await fetch(address)).text(), /Drover/);
    } finally {
      await other.close();
    }
  });
});
