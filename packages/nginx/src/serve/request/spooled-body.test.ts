import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { SpooledBody } from "./spooled-body.ts";

describe("bodies in files", () => {
  it("make their folder, though the first of them come at the same moment", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drover-bodies-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const missing = join(folder, "made");
    const bodies = await Promise.all([1, 2, 3, 4].map((name) => SpooledBody.open(missing, String(name))));
    for (const [index, body] of bodies.entries()) await body.append(Buffer.from(`body ${index}`));
    const texts = await Promise.all(bodies.map((body) => body.read(0)));
    assert.deepEqual(texts.map(String), ["body 0", "body 1", "body 2", "body 3"]);
    for (const body of bodies) await body.close();
    assert.deepEqual(readdirSync(missing), []);
    await assert.rejects(SpooledBody.open(join(folder, "not/there"), "x"), { code: "ENOENT" });
  });
});
