import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Browser, needsBrowser, startChromium } from "../support/browser.ts";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { signalIfThere } from "../support/processes.ts";
import { startTinyDrover } from "../support/tiny-drover.ts";
import { until } from "../support/until.ts";
import { Visitor } from "./visitor.ts";

const ADMIN_KEY = "only-for-the-shepherd";

describe("the console's fleet", needsBrowser(), () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;
  let browser: Browser;
  before(async () => {
    const words = ["--workers", "2", "--slots", "2", "--ctx", "256", "--admin-key", ADMIN_KEY];
    [browser, { drover, url }] = await Promise.all([startChromium(), startTinyDrover(pasture, words)]);
    await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
  });
  after(async () => {
    await browser.close();
    await pasture.close();
  });

  const open = () => Visitor.open(browser, `${url}/#/fleet`);

  it("shows each worker with its slots, and one that is killed, its reason, and its return", async () => {
    const visitor = await open();
    const tile = visitor.page.locator("article.worker").first();
    await tile.locator(".state", { hasText: "ready" }).waitFor();
    assert.equal(await tile.locator(".slot").count(), 2);
    const [row] = await pasture.status();
    if (typeof row?.pid === "number") signalIfThere(row.pid, "SIGKILL");
    await tile.locator(".note", { hasText: "SIGKILL" }).waitFor();
    await tile.locator(".state", { hasText: "ready" }).waitFor();
    assert.match(await visitor.page.locator(".changes").innerText(), /ready → waiting to restart.*SIGKILL/su);
    assert.deepEqual(visitor.complaints, []);
    await visitor.close();
  });

  it("draws figures that grow with requests", async () => {
    const visitor = await open();
    const plot = visitor.page.locator("figure.plot", { hasText: "tokens/s" });
    const body = JSON.stringify({ messages: [{ role: "user", content: "hi" }], max_tokens: 200, ignore_eos: true });
    await until(async () => {
      const headers = { "content-type": "application/json" };
      await (await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body })).text();
      return /[1-9][\d.,]* tokens\/s/u.test(await plot.innerText());
    }, "tokens are seen");
    assert.equal(await visitor.page.locator("figure.plot canvas").count(), 6);
    assert.deepEqual(visitor.complaints, []);
    await visitor.close();
  });

  it("has buttons only for who has the admin key, and they do what they say", async () => {
    const visitor = await open();
    const tile = visitor.page.locator("article.worker").nth(1);
    await tile.waitFor();
    assert.equal(await tile.locator("button").count(), 0);
    await unlock(visitor, "管理密钥");
    await visitor.page.locator("dialog [role=alert]", { hasText: "does not know this key" }).waitFor();
    await visitor.page.getByRole("textbox", { name: "Admin key" }).fill(ADMIN_KEY);
    await visitor.button("Save").click();
    const chat = visitor.page.locator(".requests li", { hasText: "/v1/chat/completions" }).first();
    await chat.locator("button").click();
    await visitor.page.locator(".explanation", { hasText: "given to" }).waitFor();
    await visitor.page.keyboard.press("Escape");
    await tile.locator("button", { hasText: "Drain" }).click();
    await drover.workers((rows) => rows[1]?.state === "draining");
    await tile.locator("button", { hasText: "Undrain" }).click();
    await drover.workers((rows) => rows[1]?.state === "ready");
    const before = (await pasture.status())[1]?.pid;
    await tile.locator("button", { hasText: "Restart" }).click();
    await drover.workers((rows) => rows[1]?.state === "ready" && rows[1].pid !== before);
    await visitor.button("One worker less").click();
    await drover.workers((rows) => rows.length === 1);
    await until(async () => (await visitor.page.locator("article.worker").count()) === 1, "one tile is left");
    await visitor.button("One worker more").click();
    await drover.workers((rows) => rows.length === 2 && rows.every(({ state }) => state === "ready"));
    const late = await Visitor.open(browser, url);
    await late.field.waitFor();
    await drover.end();
    await visitor.page.locator(".note.bad", { hasText: "the server can't be reached" }).waitFor();
    await late.page.locator("nav a").nth(1).click();
    await late.page.locator(".note.bad", { hasText: "This view can't be loaded" }).waitFor();
    await late.close();
    await visitor.close();
  });
});

async function unlock(visitor: Visitor, key: string): Promise<void> {
  await visitor.button("Unlock actions").click();
  await visitor.page.getByRole("textbox", { name: "Admin key" }).fill(key);
  await visitor.button("Save").click();
}
