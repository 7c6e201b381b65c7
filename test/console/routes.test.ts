import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { sum } from "@drover/foundation/sums";
import { Pasture } from "../support/drover-process.ts";
import { startTinyDrover } from "../support/tiny-drover.ts";

const BUILT_PAGE = new URL("../../../packages/console/dist/page", import.meta.url).pathname;
const KEY = { authorization: "Bearer s3cret" };
const ADMIN = { "x-drover-admin-key": "admin-s3cret" };
const HTML = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

describe("the console's routes", () => {
  const pasture = new Pasture();
  let url: string;
  before(async () => {
    const keys = ["--api-key", "s3cret", "--admin-key", "admin-s3cret"];
    ({ url } = await startTinyDrover(pasture, ["--workers", "1", "--ctx", "128", ...keys]));
  });
  after(() => pasture.close());

  it("serve the page and its files without a key, under a policy that allows only them", async () => {
    for (const [path, prefix] of [
      ["/", "./"],
      ["/console/", "../"],
    ]) {
      const page = await fetch(`${url}${path}`, { headers: HTML });
      const policy = page.headers.get("content-security-policy") ?? "";
      assert.match(policy, /default-src 'none'.*script-src 'self'.*require-trusted-types-for 'script'/u);
      assert.doesNotMatch(policy, /unsafe|data:|\*/u);
      const text = await page.text();
      const files = [...text.matchAll(/(?:src|href)="([^"]+)"/gu)].map((match) => match[1] ?? "");
      assert.equal(files.length, 3);
      for (const file of files) {
        assert.ok(file.startsWith(`${prefix}console/assets/`), file);
        const asset = await fetch(new URL(file, `${url}${path}`));
        assert.equal(asset.status, 200);
        assert.match(asset.headers.get("cache-control") ?? "", /immutable/u);
      }
    }
  });

  it("send less than 150 KB for all of the page, half of it for the first view, and nothing again to who has it", async () => {
    const page = await (await fetch(url, { headers: HTML })).text();
    const pending = [...page.matchAll(/(?:src|href)="\.\/([^"]+)"/gu)].map((match) => match[1] ?? "");
    const seen = new Set<string>();
    let bytes = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (seen.has(name)) continue;
      seen.add(name);
      const { statusCode, body, headers } = await raw(`${url}/${name}`, { "accept-encoding": "gzip" });
      assert.equal(statusCode, 200);
      bytes += body.length;
      const again = await fetch(`${url}/${name}`, { headers: { "if-none-match": String(headers["etag"]) } });
      assert.equal(again.status, 304);
      // What a script imports at once; what it may import later stands in parentheses.
      const text = gunzipSync(body).toString();
      for (const [, file] of text.matchAll(/from"\.\/([^"]+)"|import"\.\/([^"]+)"/gu)) {
        if (file !== undefined) pending.push(`console/assets/${file}`);
      }
    }
    assert.ok(seen.size >= 4, [...seen].join(" "));
    assert.ok(bytes < 75_000, `${bytes} bytes`);
    const names = readdirSync(BUILT_PAGE).filter((name) => name.endsWith(".gz"));
    const all = sum(names.map((name) => statSync(join(BUILT_PAGE, name)).size));
    assert.ok(all < 150_000, `${all} bytes`);
  });

  it("tell of the workers only with an API key, and act only with the admin key as well", async () => {
    const state = `${url}/console/state`;
    assert.equal((await fetch(state)).status, 401);
    assert.equal((await fetch(state, { headers: ADMIN })).status, 401);
    const text = await (await fetch(state, { headers: KEY })).text();
    assert.ok(!text.includes(pasture.folder), "it tells where files lie");
    const known = JSON.parse(text) as { workers: unknown[]; mayAct: boolean };
    assert.deepEqual([known.workers.length, known.mayAct], [1, true]);
    const post = async (path: string, headers: Record<string, string>) =>
      await fetch(`${url}/console/admin/${path}`, { method: "POST", headers });
    const act = async (path: string, headers: Record<string, string>) => (await post(path, headers)).status;
    assert.equal(await act("check", ADMIN), 401);
    assert.equal(await act("check", KEY), 403);
    assert.equal(await act("check", { ...KEY, "x-drover-admin-key": "admin-s3cres" }), 403);
    assert.equal(await act("check", { ...KEY, ...ADMIN }), 200);
    assert.equal(await act("drain?worker=7", { ...KEY, ...ADMIN }), 409);
    for (const count of ["none", "0", "1025"]) {
      const refused = await post(`scale?count=${count}`, { ...KEY, ...ADMIN });
      const message = `"${count}" is no number of workers; give a whole number from 1 to 1024`;
      const error = { message, type: "proxy_request_error", code: "refused", param: null };
      assert.deepEqual([refused.status, await refused.json()], [409, { error }]);
    }
    assert.equal(await act("shoot", { ...KEY, ...ADMIN }), 404);
    assert.equal((await fetch(`${url}/console/admin/check`, { headers: { ...KEY, ...ADMIN } })).status, 405);
  });

  it("answer what is not there, and what is asked in the wrong way", async () => {
    assert.equal((await fetch(`${url}/console/assets/nothing.js`)).status, 404);
    assert.equal((await fetch(`${url}/console/assets/..%2f..%2fpackage.json`)).status, 404);
    assert.equal((await fetch(`${url}/console/`, { method: "POST", body: "{}" })).status, 405);
    const moved = await fetch(`${url}/console`, { redirect: "manual" });
    assert.deepEqual([moved.status, moved.headers.get("location")], [308, "console/"]);
  });
});

async function raw(address: string, headers: Record<string, string>) {
  const { request } = await import("undici");
  const response = await request(address, { headers });
  return { ...response, body: Buffer.from(await response.body.arrayBuffer()) };
}
