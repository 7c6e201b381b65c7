import {
  asm,
  bash,
  c,
  css,
  diff,
  docker,
  go,
  html,
  ini,
  java,
  js,
  jsdoc,
  json,
  lua,
  make,
  md,
  pl,
  py,
  regex,
  rs,
  sql,
  todo,
  toml,
  ts,
  xml,
  yaml,
} from "@speed-highlight/core/languages";
import { type ShjLanguageData, tokenizeWith } from "@speed-highlight/core/tokenize";

export interface Piece {
  readonly text: string;
  readonly kind: string | undefined;
}

/** Other names of languages, and the nearest one for those without a grammar of their own. */
const aliases: Readonly<Record<string, string>> = {
  javascript: "js",
  jsx: "js",
  mjs: "js",
  typescript: "ts",
  tsx: "ts",
  python: "py",
  python3: "py",
  rust: "rs",
  golang: "go",
  shell: "bash",
  sh: "bash",
  zsh: "bash",
  console: "bash",
  cpp: "c",
  "c++": "c",
  h: "c",
  hpp: "c",
  cs: "java",
  csharp: "java",
  "c#": "java",
  kotlin: "java",
  swift: "java",
  scala: "java",
  php: "js",
  yml: "yaml",
  markdown: "md",
  dockerfile: "docker",
  makefile: "make",
  patch: "diff",
  perl: "pl",
  svg: "xml",
  vue: "html",
  jsonc: "json",
  json5: "json",
  nginx: "ini",
  conf: "ini",
};

/** What models write; jsdoc, regex and todo are parts of others. Each one more is in what every browser loads. */
const grammars = {
  asm,
  bash,
  c,
  css,
  diff,
  docker,
  go,
  html,
  ini,
  java,
  js,
  jsdoc,
  json,
  lua,
  make,
  md,
  pl,
  py,
  regex,
  rs,
  sql,
  todo,
  toml,
  ts,
  xml,
  yaml,
} as unknown as Readonly<Record<string, ShjLanguageData>>;

/** Colouring more would hold up the page. */
const MOST_CHARACTERS = 50_000;

/** Cuts code into coloured pieces; undefined for a language without a grammar. */
export function highlight(text: string, language: string): readonly Piece[] | undefined {
  const name = language.toLowerCase();
  const grammar = grammars[aliases[name] ?? name];
  if (grammar === undefined || text.length > MOST_CHARACTERS) return undefined;
  const pieces: Piece[] = [];
  tokenizeWith(text, grammar, (piece, kind) => pieces.push({ text: piece, kind }), { languages: { ...grammars } });
  return pieces;
}
