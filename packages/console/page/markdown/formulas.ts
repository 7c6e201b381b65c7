import type { MarkedOptions, Tokens } from "marked";

/** A formula in LaTeX. */
export interface FormulaToken extends Tokens.Generic {
  readonly type: "formula";
  readonly text: string;
  readonly isBlock: boolean;
}

/** `$$…$$` and `\[…\]` on lines of their own. */
function blockFormula(source: string): FormulaToken | undefined {
  return formula(/^ {0,3}(?:\$\$([^$]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/u.exec(source), true);
}

/**
 * `\(…\)`, `$…$`, and the other two within a line. As Pandoc has it, a dollar opens a formula only before a character and closes it only behind
 * one and not before a digit, so that prices stay prices. Code is never part of one.
 */
function inlineFormula(source: string): FormulaToken | undefined {
  const display = /^(?:\$\$([^$]+?)\$\$|\\\[([\s\S]+?)\\\])/u.exec(source);
  if (display !== null) return formula(display, true);
  return formula(/^(?:\$(?![\s$])((?:\\[^\n]|[^\\$`\n])+?)(?<!\s)\$(?![\d$])|\\\(([\s\S]+?)\\\))/u.exec(source), false);
}

/** Formulas, in the form in which marked's lexer knows extensions. */
export const formulaExtensions: NonNullable<MarkedOptions["extensions"]> = {
  renderers: {},
  childTokens: {},
  block: [blockFormula],
  startBlock: [(source) => source.match(/^ {0,3}(?:\$\$|\\\[)/mu)?.index],
  inline: [inlineFormula],
  startInline: [(source) => source.match(/\$|\\[([]/u)?.index],
};

function formula(match: RegExpExecArray | null, isBlock: boolean): FormulaToken | undefined {
  if (match === null) return undefined;
  return { type: "formula", raw: match[0], text: (match[1] ?? match[2] ?? "").trim(), isBlock };
}
