import { parseArgs } from "node:util";

/** nginx's command line, read. */
export interface NginxOptions {
  readonly help: boolean;
  /** `-v`, or `-V` with what it was built with. */
  readonly version: "no" | "short" | "long";
  /** `-t`, or `-T` with the files printed. */
  readonly test: "no" | "test" | "dump";
  readonly quiet: boolean;
  readonly signal: "stop" | "quit" | "reopen" | "reload" | undefined;
  readonly prefix: string | undefined;
  readonly errorLog: string | undefined;
  readonly config: string | undefined;
  readonly globals: string | undefined;
  /** Drover's own: `--nginx-compat 1.22`. */
  readonly compat: "1.22" | "1.29.7";
}

export type NginxOptionsResult =
  | { readonly kind: "options"; readonly options: NginxOptions }
  /** As nginx prints it. */
  | { readonly kind: "wrong"; readonly message: string };

/** What the letters with a value want, as nginx says it. */
const wants = new Map([
  ["p", "directory name"],
  ["e", "file name"],
  ["c", "file name"],
  ["g", "parameter"],
  ["s", "parameter"],
]);
const flags = ["?", "h", "v", "V", "t", "T", "q"];
const signals = ["stop", "quit", "reopen", "reload"] as const;

const known = Object.fromEntries([
  ...flags.map((letter) => [letter, { type: "boolean", short: letter }] as const),
  ...[...wants.keys()].map((letter) => [letter, { type: "string", short: letter }] as const),
  ["nginx-compat", { type: "string" }] as const,
]);

/** Reads words as nginx's `ngx_get_options` does: letters may be joined (`-tq`), values too (`-cFILE`). */
export function readNginxOptions(words: readonly string[]): NginxOptionsResult {
  const { values, tokens } = parseArgs({ args: [...words], options: known, strict: false, tokens: true });
  for (const token of tokens) {
    const message = token.kind === "option" ? faultOf(token) : faultOfWord(words[token.index] ?? "");
    if (message !== undefined) return { kind: "wrong", message };
  }
  const text = (letter: string): string | undefined => values[letter]?.toString();
  const options: NginxOptions = {
    help: values["?"] === true || values["h"] === true,
    version: values["V"] === true ? "long" : values["v"] === true ? "short" : "no",
    test: values["T"] === true ? "dump" : values["t"] === true ? "test" : "no",
    quiet: values["q"] === true,
    signal: signals.find((name) => name === values["s"]),
    prefix: text("p"),
    errorLog: text("e"),
    config: text("c"),
    globals: text("g"),
    compat: values["nginx-compat"] === "1.22" ? "1.22" : "1.29.7",
  };
  return { kind: "options", options };
}

/** A `-` alone says nothing; of other words that begin with it nginx reads letters. */
function faultOfWord(word: string): string | undefined {
  return word === "-" ? undefined : `invalid option: "${word === "--" ? "-" : word}"`;
}

function faultOf({ name, rawName, value }: { name: string; rawName: string; value?: string | undefined }) {
  if (rawName === "--nginx-compat") {
    return value === "1.22" || value === "1.29.7" ? undefined : 'option "--nginx-compat" requires 1.22 or 1.29.7';
  }
  if (rawName.startsWith("--")) return 'invalid option: "-"';
  if (known[name] === undefined) return `invalid option: "${name}"`;
  if (name === "s" && value !== undefined) {
    return signals.some((signal) => signal === value) ? undefined : `invalid option: "-s ${value}"`;
  }
  return wants.has(name) && (value ?? "") === "" ? `option "-${name}" requires ${wants.get(name)}` : undefined;
}
