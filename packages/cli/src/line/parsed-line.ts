import { type Environment, nearest } from "@drover/config";
import yargs, { type Argv, type Options } from "yargs";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import { packageVersion } from "@drover/foundation/files/package-version";
import type { CommandName, Flag, NamedCommand, RegisteredCommand } from "./command.ts";
import { createInvocation } from "./invocation.ts";
import { helpColumns, OWN_TEXTS } from "./overview.ts";
import { settingFlags } from "./setting-flags.ts";

const COMMON: Readonly<Record<string, Options>> = {
  config: { type: "string", requiresArg: true, group: "Operation:", describe: OWN_TEXTS.config },
  verbose: { type: "boolean", alias: "v", group: "Operation:", describe: OWN_TEXTS.verbose },
};

/**
 * Parses the words of a command line and runs the command they name.
 * @throws SupervisorError `usage` naming what is wrong and the nearest known word
 */
export async function runParsedLine(
  registered: readonly RegisteredCommand[],
  words: readonly string[],
  environment: Environment,
): Promise<ExitCode> {
  const commands = await Promise.all(registered.map((command) => loadIfNamed(command, words)));
  let exitCode: ExitCode = 0;
  const run = async (command: NamedCommand, values: Readonly<Record<string, unknown>>) => {
    exitCode = (await command.run?.(createInvocation(values, environment))) ?? 0;
  };
  if (words[0] === "completion") chooseShell(words[1]);
  const parser = createParser(words);
  for (const command of commands) addCommand(parser, command, run);
  parser.demandCommand(1, "").fail((message, error) => {
    // yargs throws its own complaints as YError and hands on what a command threw.
    if (error !== undefined && error.name !== "YError") throw error;
    throw usageError(message ?? "", words, commands);
  });
  await parser.parseAsync();
  return exitCode;
}

/** Of all others the overview shows no more than the name. */
async function loadIfNamed(command: RegisteredCommand, words: readonly string[]): Promise<NamedCommand> {
  const { usage, summary, load } = command;
  return { usage, summary, ...(words.includes(nameOf(command)) && (await load())) };
}

/** yargs knows no argument here: it writes for the shell that it believes it runs under. */
function chooseShell(name: string | undefined): void {
  if (name === undefined || name.startsWith("-")) return;
  if (name !== "bash" && name !== "zsh") throw usage(`there is no completion for "${name}"; give bash or zsh`);
  process.env["SHELL"] = `/bin/${name}`;
  delete process.env["ZSH_NAME"];
}

function createParser(words: readonly string[]): Argv {
  return (
    yargs([...words])
      // Its messages are read below, and half of a help text in another language helps nobody.
      .locale("en")
      .scriptName("drover")
      .parserConfiguration({ "camel-case-expansion": false, "dot-notation": false, "strip-aliased": true })
      .options(COMMON)
      .completion("completion", OWN_TEXTS.completion)
      .version(packageVersion())
      .help()
      .alias("help", "h")
      .strict()
      .exitProcess(true)
      .wrap(helpColumns())
      .showHelpOnFail(false)
  );
}

function addCommand(
  parser: Argv,
  command: NamedCommand,
  run: (command: NamedCommand, values: Readonly<Record<string, unknown>>) => Promise<void>,
): void {
  parser.command(
    command.usage,
    command.summary,
    (builder) => {
      for (const [name, argument] of Object.entries(command.arguments ?? {})) {
        builder.positional(name, {
          type: "string",
          describe: argument.doc,
          ...(argument.choices === undefined ? {} : { choices: argument.choices }),
        });
      }
      for (const [name, flag] of Object.entries(command.flags ?? {})) builder.option(name, flagOptions(flag));
      for (const { name, options } of settingFlags(command.settings ?? [])) builder.option(name, options);
      for (const [line, does] of command.examples ?? []) builder.example(line, does);
      for (const subcommand of command.subcommands ?? []) addCommand(builder, subcommand, run);
      return command.subcommands === undefined ? builder : builder.demandCommand(1, "");
    },
    (values) => run(command, values),
  );
}

function flagOptions(flag: Flag): Options {
  const type = flag.type === "switch" ? "boolean" : flag.type === "number" ? "number" : "string";
  return {
    type,
    describe: flag.doc,
    ...(flag.type === "switch" ? {} : { requiresArg: true }),
    ...(flag.alias === undefined ? {} : { alias: flag.alias }),
    ...(flag.choices === undefined ? {} : { choices: flag.choices }),
    ...(flag.default === undefined ? {} : { default: flag.default }),
  };
}

/** yargs says what is wrong; this adds the nearest known word and where to look. */
function usageError(message: string, words: readonly string[], commands: readonly NamedCommand[]): SupervisorError {
  const path = commandPath(words, commands);
  const help = `See \`drover ${[...path.map((command) => nameOf(command)), "--help"].join(" ")}\`.`;
  const known = path.at(-1)?.subcommands ?? (path.length === 0 ? commands : []);
  const typed = words.filter((word) => !word.startsWith("-"))[path.length];
  if (known.length > 0) {
    const names = known.map(nameOf);
    if (typed === undefined)
      return usage(`${unknownFlag(words) ?? `a command is missing: ${names.join(", ")}`}. ${help}`);
    const meant = path.length === 0 ? OTHER_NAMES.get(typed) : undefined;
    if (meant !== undefined) return usage(`there is no command "${typed}"; here it is \`drover ${meant}\`. ${help}`);
    if (!names.includes(typed))
      return usage(`there is no command "${typed}"${hint(nearest(typed, names), "")}. ${help}`);
  }
  const unknown = /^Unknown arguments?: (.*)$/.exec(message)?.[1]?.split(", ");
  const flags = path.at(-1);
  if (unknown !== undefined && flags !== undefined) {
    const names = flagNames(flags);
    const reasons = [...new Set(unknown)].map((word) =>
      words.includes(word) && !word.startsWith("-")
        ? `"${word}" is one argument too many`
        : `there is no flag --${word}${hint(nearest(word, names), "--")}`,
    );
    return usage(`${reasons[0] ?? message}. ${help}`);
  }
  return usage(
    `${missingArgument(message, path) ?? missingValue(message) ?? wrongChoice(message) ?? plain(message)}. ${help}`,
  );
}

/** Flags that need no command. */
const OWN_FLAGS = [...Object.keys(COMMON), "version", "help"];

function unknownFlag(words: readonly string[]): string | undefined {
  const names = words.filter((word) => word.startsWith("-")).map((word) => word.replaceAll(/^-+|=.*$/g, ""));
  const stray = names.find((name) => !["v", "h", ...OWN_FLAGS].includes(name));
  if (stray === undefined) return undefined;
  const dashes = stray.length === 1 ? "-" : "--";
  return `there is no flag ${dashes}${stray}${hint(nearest(stray, OWN_FLAGS), "--")}`;
}

/** What other programs call it. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["run", "up"],
  ["serve", "up"],
  ["start", "up"],
  ["ps", "status"],
  ["ls", "status"],
  ["list", "status"],
  ["kill", "stop"],
  ["down", "stop"],
  ["pull", "model pull"],
  ["install", "service install"],
  [
    "uninstall",
    "service print` to see which files to remove, and `systemctl disable --now drover.service drover.socket",
  ],
]);

/** The name instead of yargs' count of them. */
function missingArgument(message: string, path: readonly NamedCommand[]): string | undefined {
  const given = /^Not enough non-option arguments: got (\d+)/.exec(message)?.[1];
  const required = path.at(-1)?.usage.match(/<[^>]+>/g) ?? [];
  const name = given === undefined ? undefined : required[Number(given)];
  return name === undefined ? undefined : `${name} is missing after \`drover ${path.map(nameOf).join(" ")}\``;
}

function missingValue(message: string): string | undefined {
  const flag = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  return flag === undefined ? undefined : `${flag.length === 1 ? "-" : "--"}${flag} needs a value`;
}

function wrongChoice(message: string): string | undefined {
  const [, name, given, choices] = /Argument: ([^,]+), Given: (.+), Choices: (.+)/.exec(message) ?? [];
  return name === undefined ? undefined : `${name} is ${given}, but must be one of ${choices}`;
}

const plain = (message: string): string => message.replaceAll("\n", " ").trim();

function commandPath(words: readonly string[], commands: readonly NamedCommand[]): readonly NamedCommand[] {
  const first = words.findIndex((word) => commands.some((command) => nameOf(command) === word));
  if (first < 0) return [];
  const found = commands.find((command) => nameOf(command) === words[first]);
  if (found === undefined) return [];
  return [found, ...commandPath(words.slice(first + 1), found.subcommands ?? [])];
}

function flagNames(command: NamedCommand): readonly string[] {
  const settings = settingFlags(command.settings ?? []).map((flag) => flag.name);
  return [...Object.keys(command.flags ?? {}), ...settings, ...Object.keys(COMMON)];
}

const nameOf = (command: CommandName): string => command.usage.split(" ")[0] ?? command.usage;
const hint = (word: string | undefined, dashes: string) =>
  word === undefined ? "" : `; did you mean ${dashes}${word}?`;
const usage = (message: string) => new SupervisorError("usage", message.replace("?.", "?"));
