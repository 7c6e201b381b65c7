import { accessSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { needs, needsTool, toolFolder } from "./needs.ts";

/** The parts of playwright-core that tests use. Its own types are not there where `pnpm tools` was not run, and the tests are compiled all the same. */
export interface Page {
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  locator(selector: string, options?: { readonly hasText?: string | RegExp }): Locator;
  getByRole(role: string, options?: { readonly name?: string | RegExp; readonly exact?: boolean }): Locator;
  evaluate<T>(script: string): Promise<T>;
  addScriptTag(options: { readonly path: string }): Promise<unknown>;
  screenshot(options: { readonly path: string }): Promise<unknown>;
  setViewportSize(size: { readonly width: number; readonly height: number }): Promise<void>;
  on(event: "console", listener: (message: { type(): string; text(): string }) => void): void;
  on(event: "pageerror", listener: (error: Error) => void): void;
  on(event: "request", listener: (request: { url(): string }) => void): void;
  on(event: "dialog", listener: (dialog: { dismiss(): Promise<void> }) => void): void;
  waitForEvent(event: "load"): Promise<unknown>;
  waitForEvent(event: "download"): Promise<{ path(): Promise<string> }>;
  context(): Context;
}

export interface Locator {
  click(options?: { readonly force?: boolean }): Promise<void>;
  hover(): Promise<void>;
  focus(): Promise<void>;
  fill(text: string): Promise<void>;
  press(key: string): Promise<void>;
  selectOption(value: string): Promise<unknown>;
  setInputFiles(
    files: string | readonly { readonly name: string; readonly mimeType: string; readonly buffer: Buffer }[],
  ): Promise<void>;
  count(): Promise<number>;
  first(): Locator;
  last(): Locator;
  nth(index: number): Locator;
  locator(selector: string, options?: { readonly hasText?: string | RegExp }): Locator;
  innerText(): Promise<string>;
  allInnerTexts(): Promise<string[]>;
  inputValue(): Promise<string>;
  getAttribute(name: string): Promise<string | null>;
  waitFor(options?: { readonly state?: "visible" | "hidden" | "attached" }): Promise<void>;
}

export interface Context {
  newPage(): Promise<Page>;
  newCDPSession(page: Page): Promise<{ send(method: string, parameters?: object): Promise<unknown> }>;
  setDefaultTimeout(ms: number): void;
  close(): Promise<void>;
}

export interface ContextOptions {
  readonly locale?: string;
  readonly colorScheme?: "light" | "dark";
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly deviceScaleFactor?: number;
  readonly isMobile?: boolean;
  readonly hasTouch?: boolean;
  readonly bypassCSP?: boolean;
}

export interface Browser {
  newContext(options?: ContextOptions): Promise<Context>;
  close(): Promise<void>;
}

/** Debian's Chromium without a window. */
export async function startChromium(): Promise<Browser> {
  const file = join(toolFolder("playwright-core"), "index.mjs");
  const { chromium } = (await import(pathToFileURL(file).href)) as {
    readonly chromium: { launch(options: object): Promise<Browser> };
  };
  return chromium.launch({ executablePath: programPath("chromium"), args: ["--no-sandbox", "--headless"] });
}

/** Options for a test that needs {@link startChromium}. */
export function needsBrowser(): { readonly skip: string | false } {
  const program = needs("chromium");
  return program.skip === false ? needsTool("playwright-core") : program;
}

function programPath(name: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => isThere(path)) ?? name;
}

function isThere(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
