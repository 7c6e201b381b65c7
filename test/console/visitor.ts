import type { Browser, ContextOptions, Locator, Page } from "../support/browser.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

/** Somebody who has the console open, and what a browser would tell them is wrong with it. */
export class Visitor {
  readonly page: Page;
  /** Errors of scripts, violations of the page's policy, files that were missing. */
  readonly complaints: string[] = [];
  /** Every address that was asked. */
  readonly requests: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => this.requests.push(request.url()));
    // Only a script of the model's could open one.
    page.on("dialog", (dialog) => {
      this.complaints.push("a dialog was opened");
      void dialog.dismiss();
    });
  }

  /** Opens the page in a browser profile of its own. */
  static async open(browser: Browser, url: string, options: ContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({ locale: "en-US", ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  get field(): Locator {
    return this.page.locator("#message");
  }

  get responses(): Locator {
    return this.page.locator("article.response");
  }

  /** Says something by the keyboard, and does not wait for the response. */
  async say(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press("Enter");
  }

  /** Says something; resolves with the response's element once it is complete. */
  async ask(text: string): Promise<Locator> {
    const before = await this.responses.count();
    await this.say(text);
    const response = this.responses.nth(before);
    await response.waitFor();
    await this.complete(response);
    return response;
  }

  /**
   * Runs a statement in the page while the first response comes: as soon as it has some words and before it has `last`. On a busy machine a response would
   * end on the way to the test and back.
   */
  async amid(last: string, statement: string): Promise<void> {
    await this.page.evaluate(`new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        const stop = document.querySelector('button[aria-label="Stop"]');
        const text = document.querySelector("article.response > .markdown")?.textContent ?? "";
        if (stop === null || !text.includes(" ") || text.includes(${JSON.stringify(last)})) return;
        observer.disconnect();
        resolve();
        ${statement};
      });
      observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    })`);
  }

  /** Says something, and stops the response as soon as there is some of it: nobody reads it. */
  async askAndStop(text: string): Promise<void> {
    const before = await this.responses.count();
    await this.say(text);
    const response = this.responses.nth(before);
    await response.locator(":scope > .markdown").waitFor();
    await this.page.keyboard.press("Escape");
    await this.complete(response);
  }

  /** Resolves once a response has ended, however it did. */
  async complete(response: Locator): Promise<void> {
    await until(async () => (await response.getAttribute("aria-busy")) === "false", "the response is complete");
  }

  /** Fills in the page's question for the API key. */
  async giveKey(key: string): Promise<void> {
    const field = this.page.locator("dialog[open] input[type=password]");
    await field.fill(key);
    await field.press("Enter");
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
