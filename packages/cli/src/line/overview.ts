import { wrap } from "@drover/foundation/texts";
import type { CommandName } from "./command.ts";

type Row = readonly [left: string, right: string];

/** What the parser's help says, too. */
export const OWN_TEXTS = {
  config: "Settings file; drover.yaml in the working directory is read by itself [DROVER_CONFIG]",
  verbose: "Log more: the same as --log-level debug",
  completion: "Print the completion script of bash or zsh, by its name or as $SHELL says",
} as const;

const FLAGS: readonly Row[] = [
  ["    --config FILE", OWN_TEXTS.config],
  ["-v, --verbose", OWN_TEXTS.verbose],
  ["    --version", "Show the version"],
  ["-h, --help", "Show this, or behind a command its flags and arguments"],
];

const EXAMPLES: readonly Row[] = [
  ["drover up", "serve the demo model on http://127.0.0.1:8080"],
  ["drover up --model m.gguf --workers 2", "serve your own"],
  ["drover status --watch", "what each worker does"],
];

const EXIT_CODES =
  "Exit codes: 0 clean, 1 failed while running, 2 bad usage or configuration, 3 nothing could be served.";

/** Whether a command line asks for the program's help and not for a command's. */
export function asksForOverview(words: readonly string[]): boolean {
  return words.every((word) => word.startsWith("-")) && words.some((word) => word === "--help" || word === "-h");
}

/** The help of the program. It needs no parser, which takes longer to load than Node to start. */
export function overview(commands: readonly CommandName[]): string {
  const columns = helpColumns();
  const own = commands.map(({ usage, summary }): Row => [`drover ${usage}`, summary]);
  const completion: Row = ["drover completion", OWN_TEXTS.completion];
  return [
    "drover COMMAND\n",
    "Turns one machine into a fault-tolerant llama.cpp service.\n",
    ...section("Commands:", [...own, completion], columns),
    ...section("Options:", FLAGS, columns),
    ...section("Examples:", EXAMPLES, columns),
    ...wrap(EXIT_CODES, columns, ""),
  ].join("\n");
}

/** How wide a help text is. */
export function helpColumns(): number {
  return Math.min(120, process.stdout.columns ?? 100);
}

/** Two columns, the left one as wide as its longest line. */
function section(title: string, rows: readonly Row[], columns: number): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 4;
  const indent = " ".repeat(width);
  const lines = rows.flatMap(([left, right]) => wrap(`${`  ${left}`.padEnd(width)}${right}`, columns, indent));
  return [title, ...lines, ""];
}
