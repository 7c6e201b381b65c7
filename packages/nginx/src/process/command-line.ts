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

type Writable = { -readonly [K in keyof NginxOptions]: NginxOptions[K] };

const taking: Readonly<
  Record<string, { readonly field: "prefix" | "errorLog" | "config" | "globals"; readonly wants: string }>
> = {
  p: { field: "prefix", wants: "directory name" },
  e: { field: "errorLog", wants: "file name" },
  c: { field: "config", wants: "file name" },
  g: { field: "globals", wants: "parameter" },
};

const signals = ["stop", "quit", "reopen", "reload"] as const;

/** Reads words as nginx's `ngx_get_options` does: letters may be joined (`-tq`), values too (`-cFILE`). */
export function readNginxOptions(words: readonly string[]): NginxOptionsResult {
  const options: Writable = {
    help: false,
    version: "no",
    test: "no",
    quiet: false,
    signal: undefined,
    prefix: undefined,
    errorLog: undefined,
    config: undefined,
    globals: undefined,
    compat: "1.29.7",
  };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const wrong = word.startsWith("--nginx-compat") ? readCompat(options, word, rest) : readWord(options, word, rest);
    if (wrong !== undefined) return { kind: "wrong", message: wrong };
  }
  return { kind: "options", options };
}

function readCompat(options: Writable, word: string, rest: string[]): string | undefined {
  const value = word.includes("=") ? word.slice(word.indexOf("=") + 1) : rest.shift();
  if (value !== "1.22" && value !== "1.29.7") return 'option "--nginx-compat" requires 1.22 or 1.29.7';
  options.compat = value;
  return undefined;
}

function readWord(options: Writable, word: string, rest: string[]): string | undefined {
  if (!word.startsWith("-")) return `invalid option: "${word}"`;
  for (let index = 1; index < word.length; index += 1) {
    const letter = word[index] ?? "";
    const joined = word.slice(index + 1);
    const takes = taking[letter];
    if (takes !== undefined) {
      const value = joined === "" ? (rest.shift() ?? "") : joined;
      if (value === "") return `option "-${letter}" requires ${takes.wants}`;
      options[takes.field] = value;
      return undefined;
    }
    if (letter === "s") {
      const value = joined === "" ? rest.shift() : joined;
      if (value === undefined) return 'option "-s" requires parameter';
      options.signal = signals.find((name) => name === value);
      return options.signal === undefined ? `invalid option: "-s ${value}"` : undefined;
    }
    if (!readFlag(options, letter)) return `invalid option: "${letter}"`;
  }
  return undefined;
}

function readFlag(options: Writable, letter: string): boolean {
  if (letter === "?" || letter === "h") options.help = true;
  else if (letter === "v") options.version = options.version === "long" ? "long" : "short";
  else if (letter === "V") options.version = "long";
  else if (letter === "t") options.test = options.test === "dump" ? "dump" : "test";
  else if (letter === "T") options.test = "dump";
  else if (letter === "q") options.quiet = true;
  else return false;
  return true;
}
