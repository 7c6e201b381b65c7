import type { Environment } from "@drover/config";
import type { ExitCode } from "@drover/supervisor/errors";
import type { RegisteredCommand } from "./command.ts";
import { asksForOverview, overview } from "./overview.ts";
import { switchesOnly } from "./switches-only.ts";

/**
 * Runs the command that a command line names. What only some lines need is loaded for them: the parser alone takes longer than Node to start.
 * @throws SupervisorError `usage` naming what is wrong and the nearest known word
 */
export async function runCommandLine(
  registered: readonly RegisteredCommand[],
  given: readonly string[],
  environment: Environment,
): Promise<ExitCode> {
  // `pnpm start -- --workers 2` hands the dashes on, and behind them yargs would read no flag and say nothing.
  const typed = given.filter((word) => word !== "--");
  const words = typed[0] === "help" ? [...typed.slice(1), "--help"] : typed;
  if (asksForOverview(words)) {
    process.stdout.write(`${overview(registered)}\n`);
    return 0;
  }
  const [name, ...rest] = words;
  const named = registered.find(({ usage }) => usage.split(" ")[0] === name);
  if (named !== undefined && rest.every((word) => word.startsWith("--"))) {
    const command = await named.load();
    const values = switchesOnly(named.usage, command, rest);
    const { createInvocation } = await import("./invocation.ts");
    if (values !== undefined) return (await command.run?.(createInvocation(values, environment))) ?? 0;
  }
  const { runParsedLine } = await import("./parsed-line.ts");
  return runParsedLine(registered, words, environment);
}
