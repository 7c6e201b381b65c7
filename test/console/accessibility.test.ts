import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Browser, type ContextOptions, needsBrowser, startChromium } from "../support/browser.ts";
import { Pasture } from "../support/drover-process.ts";
import { toolFolder } from "../support/needs.ts";
import { until } from "../support/until.ts";
import { Visitor } from "./visitor.ts";

const ADMIN_KEY = "only-for-the-shepherd";
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

describe("the console for everybody", needsBrowser(), () => {
  const pasture = new Pasture();
  let url: string;
  let browser: Browser;
  let axe: string;
  before(async () => {
    const words = ["--model", "demo", "--workers", "1", "--threads", "1", "--slots", "2"];
    const keys = ["--api-key", "s3cret-key", "--admin-key", ADMIN_KEY];
    const environment = { XDG_CACHE_HOME: pasture.folder };
    [browser, url] = await Promise.all([startChromium(), pasture.up([...words, ...keys], environment).url()]);
    axe = await readFile(join(toolFolder("axe-core"), "axe.min.js"), "utf8");
  });
  after(async () => {
    await browser.close();
    await pasture.close();
  });

  const visit = async (options: ContextOptions, run: (visitor: Visitor) => Promise<void>) => {
    const visitor = await Visitor.open(browser, url, options);
    try {
      await visitor.giveKey("s3cret-key");
      await run(visitor);
    } finally {
      await visitor.close();
    }
  };

  const assertAccessible = async (visitor: Visitor, what: string) => {
    // The debugger evaluates it; the page's policy would not let it in.
    await visitor.page.evaluate(axe);
    const { violations } = await visitor.page.evaluate<{ violations: readonly Violation[] }>("axe.run()");
    const found = violations.map(
      ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html }) => html).join("\n")}`,
    );
    assert.deepEqual(found, [], what);
  };

  for (const [name, options] of Object.entries<ContextOptions>({
    "on a desk in light": { colorScheme: "light" },
    "on a desk in dark": { colorScheme: "dark" },
    "on a phone in Chinese": { ...PHONE, locale: "zh-CN" },
  })) {
    it(`has nothing that axe-core finds fault with, ${name}`, () =>
      visit(options, async (visitor) => {
        await assertAccessible(visitor, "the empty chat");
        await visitor.ask("Hello");
        await visitor.responses.locator("summary").first().click();
        await assertAccessible(visitor, "a response with its thoughts");
        await visitor.page.locator("header.top button").last().click();
        await visitor.page.locator("dialog[open]").waitFor();
        await assertAccessible(visitor, "the settings");
        await visitor.page.keyboard.press("Escape");
        await visitor.page.locator("nav a").nth(1).click();
        await visitor.page.locator("article.worker").waitFor();
        await assertAccessible(visitor, "the fleet");
        await visitor.page.evaluate(`sessionStorage.setItem("drover.admin-key", "${ADMIN_KEY}")`);
        await visitor.page.reload();
        const chats = visitor.page.locator(".requests li", { hasText: "/v1/chat/completions" });
        await chats.first().waitFor();
        await assertAccessible(visitor, "the fleet with its buttons and the recent requests");
        await chats.first().locator("button").click();
        const given = options.locale === "zh-CN" ? "策略分给" : "given to";
        await visitor.page.locator(".explanation", { hasText: given }).waitFor();
        await assertAccessible(visitor, "how a request went");
        await visitor.page.keyboard.press("Escape");
        await visitor.page.locator("nav a").nth(2).click();
        await visitor.page.locator("main.bench").waitFor();
        await assertAccessible(visitor, "the reports");
      }));
  }

  it("asks for the key once where keys are set, keeps it, and continues what was said without it", async () => {
    const visitor = await Visitor.open(browser, url);
    await visitor.page.locator("dialog[open]").waitFor();
    await visitor.page.keyboard.press("Escape");
    await visitor.say("Hello");
    // No browser sends such a key.
    await visitor.giveKey("错误的密钥");
    await visitor.page.locator("dialog p", { hasText: "does not know this key" }).waitFor();
    await visitor.giveKey("s3cret-key");
    await visitor.responses.locator(".figures").waitFor();
    await visitor.page.reload();
    await visitor.page.locator(".conversations li").first().waitFor();
    assert.equal(await visitor.page.locator("dialog[open]").count(), 0);
    await visitor.ask("Hello again");
    await visitor.close();
  });

  it("speaks Chinese to a browser that prefers it, and English when asked to", () =>
    visit({ locale: "zh-CN" }, async (visitor) => {
      assert.equal(await visitor.page.evaluate("document.documentElement.lang"), "zh-CN");
      await visitor.button("设置").click();
      await visitor.page.locator("select").last().selectOption("en");
      await visitor.page.locator("dialog h2", { hasText: "Settings" }).waitFor();
      assert.equal(await visitor.page.evaluate("document.documentElement.lang"), "en");
      await visitor.page.reload();
      await visitor.button("New chat").waitFor();
    }));

  it("can be used by the keyboard alone", () =>
    visit({}, async (visitor) => {
      const { keyboard } = visitor.page;
      const focused = () =>
        visitor.page.evaluate<string>("document.activeElement.id || document.activeElement.className");
      const label = () => visitor.page.evaluate<string>("document.activeElement.ariaLabel ?? ''");
      // The page's first stop leads past everything to the message field.
      while ((await focused()) !== "skip") await keyboard.press("Shift+Tab");
      await keyboard.press("Enter");
      assert.equal(await focused(), "message");
      await keyboard.type("By keyboard");
      await keyboard.press("Shift+Enter");
      await keyboard.type("on two lines");
      await keyboard.press("Enter");
      const said = await visitor.page.locator("article.user .bubble").innerText();
      assert.equal(said, "By keyboard\non two lines");
      await visitor.complete(visitor.responses.first());
      await visitor.button("Edit").press("Enter");
      assert.equal(await focused(), "");
      await keyboard.press("Escape");
      await until(async () => (await label()) === "Edit", "the button has the focus again");
      await visitor.button("Regenerate").press("Enter");
      assert.equal(await focused(), "message");
      await visitor.page.locator(".versions").waitFor();
      await visitor.page.locator(".conversations summary").press("Enter");
      await keyboard.press("Tab");
      await keyboard.press("Enter");
      await keyboard.press("Enter");
      await until(async () => (await focused()) === "" && (await label()).startsWith("More"), "the menu has it");
      await keyboard.press("Control+Shift+O");
      await visitor.page.locator(".empty").waitFor();
      await keyboard.press("Control+K");
      await keyboard.type("two lines");
      await keyboard.press("Tab");
      await keyboard.press("Enter");
      await visitor.responses.first().waitFor();
    }));

  it("tells a screen reader when a response begins and what it was, not each of its tokens", () =>
    visit({}, async (visitor) => {
      await visitor.ask("Hello");
      const said = /^The response is complete\. .*demo model/su;
      await visitor.page.locator("#app > [role=status]", { hasText: said }).waitFor();
    }));

  it("scrolls neither sideways nor its header away on a phone, and has its list of conversations behind a button", () =>
    visit(PHONE, async (visitor) => {
      await visitor.ask("Hello");
      const overflow = "document.documentElement.scrollWidth - innerWidth";
      const excess = "document.documentElement.scrollHeight - innerHeight";
      assert.equal(await visitor.page.evaluate<number>(overflow), 0);
      const list = visitor.page.locator("aside");
      await list.waitFor({ state: "hidden" });
      await visitor.button("Conversations").click();
      await list.waitFor({ state: "visible" });
      await visitor.page.locator(".conversations a").first().click();
      await list.waitFor({ state: "hidden" });
      await visitor.page.locator("nav a").nth(1).click();
      await visitor.page.locator("article.worker").waitFor();
      assert.equal(await visitor.page.evaluate<number>(overflow), 0);
      assert.equal(await visitor.page.evaluate<number>(excess), 0);
    }));
});
