import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeDemoModel } from "@drover/models";
import { type Browser, needsBrowser, startChromium } from "../support/browser.ts";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { signalIfThere } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { Visitor } from "./visitor.ts";

/** Some seconds of text. */
const LONG = {
  thought: "\nThe user wants cattle to be counted, one after another and aloud.\n",
  answer: `\n\n${Array.from({ length: 800 }, (_, index) => `cow${index}`).join(" ")}`,
};

const JSON_BODY = { "content-type": "application/json" };

const COUNTED = /cow0\b/u;

describe("the console's chat", needsBrowser(), () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;
  let browser: Browser;
  before(async () => {
    const model = join(pasture.folder, "long.gguf");
    await writeDemoModel(model, LONG);
    const environment = { DROVER_SUPERVISION_MAX_RESTARTS: "1000", DROVER_SUPERVISION_BACKOFF_LIMIT: "1s" };
    const words = ["--model", model, "--workers", "2", "--threads", "1", "--slots", "2", "--ctx", "4096"];
    drover = pasture.up(words, environment);
    [browser, url] = await Promise.all([startChromium(), drover.url()]);
  });
  after(async () => {
    await browser.close();
    await pasture.close();
  });

  const visit = async (run: (visitor: Visitor) => Promise<void>, options = {}) => {
    const visitor = await Visitor.open(browser, url, options);
    try {
      await run(visitor);
      assert.deepEqual(visitor.complaints, []);
    } finally {
      await visitor.close();
    }
  };

  it("streams a response with its thinking folded behind it, and says how fast it was and which worker made it", () =>
    visit(async (visitor) => {
      await visitor.say("Count, please");
      const response = visitor.responses.first();
      await response.locator("p", { hasText: COUNTED }).first().waitFor();
      assert.equal(await response.getAttribute("aria-busy"), "true");
      await visitor.complete(response);
      assert.match(await response.innerText(), /cow799/u);
      assert.match(await response.locator("summary").innerText(), /^Thought for /u);
      assert.equal(await response.locator("details").getAttribute("open"), null);
      const figures = await response.locator(".figures").innerText();
      assert.match(figures, /[\d,.]+ tokens\/s.*first token after [\d.]+m?s.*\d+ tokens.*worker [12]/su);
    }));

  it("asks nobody but the server that it came from", () =>
    visit(async (visitor) => {
      await visitor.askAndStop("Count, please");
      const { origin } = new URL(url);
      assert.ok(visitor.requests.length > 4);
      for (const request of visitor.requests) assert.equal(new URL(request).origin, origin);
    }));

  it("keeps a response as far as it came when it is stopped, frees its slot, and continues it when asked to", () =>
    visit(async (visitor) => {
      const stopped = visitor.amid("cow799", "stop.click()");
      await visitor.say("Count, please");
      await stopped;
      const response = visitor.responses.first();
      await visitor.complete(response);
      assert.match(await response.innerText(), /Stopped/u);
      await until(async () => (await pasture.status()).every(({ slots }) => slots.busy === 0), "no slot is busy");
      await visitor.button("Continue").click();
      await visitor.responses.locator("p", { hasText: "cow799" }).waitFor();
      await visitor.complete(response);
      const cows = (await response.innerText()).match(/cow\d+/gu) ?? [];
      assert.deepEqual(cows, LONG.answer.match(/cow\d+/gu));
      const stoppedAgain = visitor.amid("cow799", "stop.click()");
      await visitor.button("Regenerate").click();
      await stoppedAgain;
      await visitor.complete(visitor.responses.first());
      assert.equal(await visitor.responses.count(), 1);
      await visitor.page.locator(".versions", { hasText: "2 / 2" }).waitFor();
      await visitor.button("Previous response").press("Enter");
      await visitor.responses.locator("p", { hasText: "cow799" }).waitFor();
      assert.match(await visitor.page.locator(".versions").innerText(), /1 \/ 2/u);
      await visitor.page.reload();
      await visitor.responses.locator("p", { hasText: "cow799" }).waitFor();
      await visitor.button("Next response").press("Enter");
      await visitor.responses.locator("p", { hasText: "cow799" }).waitFor({ state: "hidden" });
    }));

  it("says its place in the queue while it waits there", () =>
    visit(async (visitor) => {
      const others = new AbortController();
      const messages = [{ role: "user", content: "Count before all others" }];
      const body = JSON.stringify({ messages, max_tokens: 3500, ignore_eos: true, stream: true });
      const ask = () =>
        fetch(`${url}/v1/chat/completions`, { method: "POST", body, signal: others.signal, headers: JSON_BODY });
      await Promise.all(Array.from({ length: 4 }, ask));
      await visitor.say("Count when there is room");
      await visitor.page.locator(".phase", { hasText: "Place 1 in the queue" }).waitFor();
      others.abort();
      await visitor.responses.locator("p", { hasText: COUNTED }).first().waitFor();
    }));

  it("continues a stream whose worker is killed, and says with which worker", () =>
    visit(async (visitor) => {
      await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
      await visitor.say("Count, please");
      const response = visitor.responses.first();
      await response.locator("p", { hasText: COUNTED }).first().waitFor();
      const busy = (await pasture.status()).find(({ slots }) => slots.busy > 0);
      if (typeof busy?.pid === "number") signalIfThere(busy.pid, "SIGKILL");
      await visitor.complete(response);
      assert.match(await response.innerText(), /cow799/u);
      const other = busy?.id === "1" ? "2" : "1";
      assert.equal(await response.locator(".moved").innerText(), `went on with worker ${other}`);
      await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
    }));

  it("keeps conversations over a reload, finds them again, and gives them out and takes them in as a file", () =>
    visit(async (visitor) => {
      await visitor.askAndStop("Count the black ones");
      await visitor.button("New chat").click();
      await visitor.askAndStop("Count the white ones");
      await visitor.page.reload();
      await visitor.responses.first().waitFor();
      assert.match(await visitor.page.locator("article.user").innerText(), /white/u);
      await visitor.page.locator("#search").fill("BLACK count");
      const list = visitor.page.locator(".conversations li");
      await until(async () => (await list.count()) === 1, "one conversation is found");
      assert.match(await list.innerText(), /black/u);
      const download = visitor.page.waitForEvent("download");
      await visitor.button("Export all chats").click();
      const path = await (await download).path();
      assert.match(await readFile(path, "utf8"), /Count the white ones/u);
      const other = await Visitor.open(browser, url);
      await other.page.locator(".transfer input[type=file]").setInputFiles(path);
      await other.page.locator(".transfer", { hasText: "2 chats imported" }).waitFor();
      assert.equal(await other.page.locator(".conversations li").count(), 2);
      await other.close();
    }));

  it("loses nothing that was said just before the page was left, not even half a response", () =>
    visit(async (visitor) => {
      await visitor.say("Say this at the last moment");
      await visitor.page.locator("article.user").waitFor();
      await visitor.page.reload();
      const said = visitor.page.locator("article.user", { hasText: "Say this at the last moment" });
      await said.waitFor();
      await visitor.page.reload();
      await said.waitFor();
      await visitor.field.fill("And this, half");
      await visitor.page.locator("nav a").nth(1).click();
      await visitor.page.locator("article.worker").first().waitFor();
      await visitor.page.locator("nav a").first().click();
      assert.equal(await visitor.field.inputValue(), "And this, half");
    }));

  it("keeps what comes while nobody sees the page, whose browser draws nothing then", () =>
    visit(async (visitor) => {
      await visitor.page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true }); window.requestAnimationFrame = () => 1;",
      );
      const reloading = visitor.amid("cow799", "setTimeout(() => location.reload())");
      const reloaded = visitor.page.waitForEvent("load");
      await visitor.say("Count while I look elsewhere");
      await Promise.all([reloading, reloaded]);
      // It may have ended on the way to the reload; what a page shows that sees no frame is the point.
      await visitor.responses.locator(":scope > .markdown", { hasText: COUNTED }).waitFor();
    }));

  it("puts text files into the message, and says which are none", () =>
    visit(async (visitor) => {
      await visitor.field.fill("What does it do?");
      const code = Buffer.from("print('```')\n");
      await visitor.page.locator(".composer input[type=file]").setInputFiles([
        { name: "run.py", mimeType: "text/x-python", buffer: code },
        { name: "cow.png", mimeType: "image/png", buffer: Buffer.from([0x89, 0x50, 0]) },
      ]);
      await visitor.page.locator(".composer [role=alert]", { hasText: "cow.png" }).waitFor();
      assert.equal(await visitor.field.inputValue(), "What does it do?\n\nrun.py:\n````py\nprint('```')\n````");
    }));

  it("sends nothing while an input method composes, and sends on the next Enter", () =>
    visit(async (visitor) => {
      const input = await visitor.page.context().newCDPSession(visitor.page);
      await visitor.field.focus();
      await input.send("Input.imeSetComposition", { text: "你好", selectionStart: 2, selectionEnd: 2 });
      await visitor.field.press("Enter");
      assert.equal(await visitor.page.locator("article.user").count(), 0);
      await input.send("Input.insertText", { text: "你好" });
      await visitor.field.press("Enter");
      assert.equal(await visitor.page.locator("article.user .bubble").innerText(), "你好");
    }));

  it("continues thinking that was cut off, and takes its time together", () =>
    visit(async (visitor) => {
      await setLongest(visitor, "3");
      const response = await visitor.ask("Count, please");
      const summary = response.locator("summary");
      assert.match(await summary.innerText(), /^Thought for /u);
      assert.equal(await response.locator(":scope > .markdown").count(), 0);
      await setLongest(visitor, "100");
      await visitor.button("Continue").click();
      await response.locator(":scope > .markdown", { hasText: COUNTED }).waitFor();
      await visitor.complete(response);
      const thought = await summary.innerText();
      assert.match(thought, /^Thought for (?!0ms)/u);
      await summary.click();
      assert.equal(await response.locator(".thoughts .markdown").innerText(), LONG.thought.trim());
      await visitor.button("Continue").click();
      await response.locator(":scope > .markdown", { hasText: /cow60/u }).waitFor();
      await visitor.complete(response);
      assert.equal(await summary.innerText(), thought);
    }));

  it("edits a message and asks anew from there, with the system prompt and parameters that were set", () =>
    visit(async (visitor) => {
      await visitor.askAndStop("Count the sheep");
      await visitor.button("Settings").click();
      await visitor.page.getByRole("textbox", { name: "System prompt" }).fill("Be short.");
      await visitor.page.getByRole("button", { name: "Close" }).last().click();
      await setLongest(visitor, "5");
      await visitor.page.locator("article.user").hover();
      await visitor.button("Edit").click();
      await visitor.page.locator(".editor textarea").fill("Count the goats");
      await visitor.button("Send again").click();
      const response = visitor.responses.first();
      await response.locator(".note", { hasText: "the limit of tokens" }).waitFor();
      assert.deepEqual(await visitor.page.locator("article.user").allInnerTexts(), ["Count the goats"]);
      assert.match(await response.locator(".figures").innerText(), /5 tokens/u);
    }));
});

/** In the settings of the conversation. */
async function setLongest(visitor: Visitor, tokens: string): Promise<void> {
  await visitor.button("Settings").click();
  await visitor.page.getByRole("spinbutton", { name: /Longest response/u }).fill(tokens);
  await visitor.page.getByRole("button", { name: "Close" }).last().click();
}
