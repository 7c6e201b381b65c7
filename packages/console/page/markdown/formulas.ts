import type { TokenizerExtension, Tokens } from "marked";

/** A formula in LaTeX. */
export interface FormulaToken extends Tokens.Generic {
  readonly type: "formula";
  readonly text: string;
  readonly isBlock: boolean;
}

/** `$$…$$` and `\[…\]` on lines of their own. */
const blockFormula: TokenizerExtension = {
  name: "blockFormula",
  level: "block",
  start: (source) => source.match(/^ {0,3}(?:\$\$|\\\[)/mu)?.index,
  tokenizer: (source) => formula(/^ {0,3}(?:\$\$([^$]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/u.exec(source), true),
};

/**
 * `\(…\)`, `$…$`, and the other two within a line. As Pandoc has it, a dollar opens a formula only before a character and closes it only behind
 * one and not before a digit, so that prices stay prices. Code is never part of one.
 */
const inlineFormula: TokenizerExtension = {
  name: "inlineFormula",
  level: "inline",
  start: (source) => source.match(/\$|\\[([]/u)?.index,
  tokenizer(source) {
    const display = /^(?:\$\$([^$]+?)\$\$|\\\[([\s\S]+?)\\\])/u.exec(source);
    if (display !== null) return formula(display, true);
    return formula(
      /^(?:\$(?![\s$])((?:\\[^\n]|[^\\$`\n])+?)(?<!\s)\$(?![\d$])|\\\(([\s\S]+?)\\\))/u.exec(source),
      false,
    );
  },
};

export const formulaExtensions: TokenizerExtension[] = [blockFormula, inlineFormula];

function formula(match: RegExpExecArray | null, isBlock: boolean): FormulaToken | undefined {
  if (match === null) return undefined;
  return { type: "formula", raw: match[0], text: (match[1] ?? match[2] ?? "").trim(), isBlock };
}
