import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Browser, needsBrowser, startChromium } from "../support/browser.ts";
import { Pasture } from "../support/drover-process.ts";
import { startTinyDrover } from "../support/tiny-drover.ts";
import { Visitor } from "./visitor.ts";

describe("the console's reports", needsBrowser(), () => {
  const pasture = new Pasture();
  const html = join(pasture.folder, "report.html");
  const json = join(pasture.folder, "report.json");
  let url: string;
  let browser: Browser;
  let visitor: Visitor;
  before(async () => {
    [browser, { url }] = await Promise.all([startChromium(), startTinyDrover(pasture, ["--workers", "1"])]);
    const load = ["--users", "1,2", "--warmup", "0s", "--duration", "2s", "--think", "0s", "--max-tokens", "8"];
    const words = ["bench", "--url", url, ...load, "--slo", "p95<30s", "--html", html, "--json"];
    const { code, stdout, stderr } = await pasture.run(words);
    assert.equal(code, 0, stderr);
    writeFileSync(json, stdout);
    visitor = await Visitor.open(browser, `${url}/#/bench`);
  });
  after(async () => {
    await browser.close();
    await pasture.close();
  });

  for (const [form, path] of [
    ["JSON", json],
    ["HTML", html],
  ] as const) {
    it(`opens what drover bench wrote as ${form}`, async () => {
      await visitor.page.reload();
      await visitor.page.locator("input[type=file]").setInputFiles(path);
      const report = visitor.page.locator(".report");
      await report.waitFor();
      const text = await report.innerText();
      assert.match(text, /drover bench: small-team/u);
      assert.match(text, /p95<30s: 2 users/u);
      assert.equal(await report.locator("tbody tr").count(), 2);
      assert.equal(await report.locator("canvas").count(), 5);
    });
  }

  it("says which file is no report", async () => {
    const other = join(pasture.folder, "other.json");
    writeFileSync(other, '{"steps":null}');
    await visitor.page.locator("input[type=file]").setInputFiles(other);
    await visitor.page.locator("[role=alert]", { hasText: "other.json is no report" }).waitFor();
    assert.deepEqual(visitor.complaints, []);
  });
});
