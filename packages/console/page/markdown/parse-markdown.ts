import { Lexer, type MarkedOptions, type Token } from "marked";
import { formulaExtensions } from "./formulas.ts";

const options: MarkedOptions = { gfm: true, breaks: true, extensions: formulaExtensions };

/** Markdown as GitHub writes it, with formulas, as a list of blocks. No HTML is made of it here or anywhere. */
export function parseMarkdown(text: string): readonly Token[] {
  return new Lexer({ ...options }).lex(text).filter(({ type }) => type !== "space" && type !== "def");
}

/** The address of a link that may be followed: absolute, to the web or a mailbox. Undefined for all others, such as `javascript:`. */
export function safeHref(href: string): string | undefined {
  try {
    const url = new URL(href);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** Text with the entities that Markdown allows in it decoded; the result is only ever shown as text. */
export function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z]{2,5}));/gu, (all, decimal, hex, name) => {
    if (name !== undefined) return named[String(name)] ?? all;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : all;
  });
}
