import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeDemoModel } from "@drover/models";
import { type Browser, needsBrowser, startChromium } from "../support/browser.ts";
import { Pasture } from "../support/drover-process.ts";
import { Visitor } from "./visitor.ts";

/** What a model may say that would be a script, a request or an attack if a page took it for HTML. */
const HOSTILE = [
  "<script>document.title='owned1'</script>",
  "<img src=x onerror=\"document.title='owned2'\">",
  "![tracker](http://127.0.0.1:9/pixel.png)",
  "[click](javascript:document.title='owned3') here",
  "[data](data:text/html,%3Cscript%3Ealert(1)%3C/script%3E)",
  "<a href=javascript:document.title='owned4'>link</a>",
  "<svg/onload=document.title='owned5'>",
  "<style>body{display:none}</style>",
  "<iframe src=http://127.0.0.1:9/frame></iframe>",
  "$\\href{javascript:document.title='owned6'}{formula}$",
  "[good](https://example.com/page)",
  "<https://example.org/auto>",
].join("\n\n");

describe("a response that would be HTML", needsBrowser(), () => {
  const pasture = new Pasture();
  let browser: Browser;
  let visitor: Visitor;
  before(async () => {
    const model = join(pasture.folder, "hostile.gguf");
    await writeDemoModel(model, { thought: "\nHm.\n", answer: `\n\n${HOSTILE}` });
    const drover = pasture.up(["--model", model, "--workers", "1", "--threads", "1", "--ctx", "2048"]);
    browser = await startChromium();
    visitor = await Visitor.open(browser, await drover.url());
    await visitor.ask("Say it");
  });
  after(async () => {
    await browser.close();
    await pasture.close();
  });

  it("stays text: no element of it is made, no script runs and nothing is asked for", async () => {
    const text = await visitor.responses.first().innerText();
    for (const piece of ["<script>document.title='owned1'</script>", "onerror=", "onload=", "<style>", "<iframe"]) {
      assert.ok(text.includes(piece), `${piece} in ${text}`);
    }
    const made = "script, img, iframe, style, svg:not(.icon), [onerror], [onload]";
    assert.equal(await visitor.responses.first().locator(made).count(), 0);
    const { origin } = new URL(visitor.requests[0] ?? "");
    assert.deepEqual(
      visitor.requests.filter((request) => new URL(request).origin !== origin),
      [],
    );
    assert.doesNotMatch(await visitor.page.evaluate<string>("document.title"), /owned/u);
    assert.deepEqual(visitor.complaints, []);
  });

  it("has links only to the web, which open apart and are told nothing of this page", async () => {
    const links = visitor.responses.first().locator("a");
    const addresses = [];
    for (let index = 0; index < (await links.count()); index += 1) {
      addresses.push(await links.nth(index).getAttribute("href"));
      assert.match((await links.nth(index).getAttribute("rel")) ?? "", /noopener noreferrer/u);
    }
    assert.deepEqual(addresses, [
      "http://127.0.0.1:9/pixel.png",
      "https://example.com/page",
      "https://example.org/auto",
    ]);
  });

  it("cannot lean on the page's policy being weak: inline scripts and styles, eval and other origins are refused", async () => {
    const refused = await visitor.page.evaluate<string[]>(`(async () => {
      const found = [];
      addEventListener("securitypolicyviolation", (event) => found.push(event.effectiveDirective));
      const script = document.createElement("script");
      try { script.textContent = "document.title = 'owned7'"; document.body.append(script); } catch { found.push("trusted-types"); }
      try { document.body.insertAdjacentHTML("beforeend", "<b>x</b>"); } catch { found.push("html"); }
      // Not at once: what a debugger evaluates may call eval itself.
      await new Promise((resolve) => setTimeout(() => {
        try { (0, eval)("1"); } catch { found.push("eval"); }
        resolve();
      }));
      await fetch("http://127.0.0.1:9/").catch(() => found.push("fetch"));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      return found;
    })()`);
    for (const what of ["trusted-types", "html", "eval", "fetch", "connect-src"])
      assert.ok(refused.includes(what), what);
    assert.doesNotMatch(await visitor.page.evaluate<string>("document.title"), /owned/u);
  });
});
