import { type ShjLanguageData, tokenizeWith } from "@speed-highlight/core/tokenize";
import * as languages from "./grammars.ts";

export interface Piece {
  readonly text: string;
  readonly kind: string | undefined;
}

/** Other names of languages, and of those without a grammar of their own whose nearest one it is. */
const otherNames = {
  bash: "console sh shell zsh",
  c: "c++ cpp h hpp",
  diff: "patch",
  docker: "dockerfile",
  go: "golang",
  html: "vue",
  ini: "conf nginx",
  java: "c# cs csharp kotlin scala swift",
  js: "javascript jsx mjs php",
  json: "json5 jsonc",
  make: "makefile",
  md: "markdown",
  pl: "perl",
  py: "python python3",
  rs: "rust",
  ts: "tsx typescript",
  xml: "svg",
  yaml: "yml",
};
const aliases = new Map(
  Object.entries(otherNames).flatMap(([name, others]) => others.split(" ").map((other) => [other, name] as const)),
);

const all = { ...languages };
const grammars = all as unknown as Readonly<Record<string, ShjLanguageData>>;

/** Colouring more would hold up the page. */
const MOST_CHARACTERS = 50_000;

/** Cuts code into coloured pieces; undefined for a language without a grammar. */
export function highlight(text: string, language: string): readonly Piece[] | undefined {
  const name = language.toLowerCase();
  const grammar = grammars[aliases.get(name) ?? name];
  if (grammar === undefined || text.length > MOST_CHARACTERS) return undefined;
  const pieces: Piece[] = [];
  tokenizeWith(text, grammar, (piece, kind) => pieces.push({ text: piece, kind }), { languages: grammars });
  return pieces;
}
