import { commands } from "./registry.ts";
import { runCommandLine } from "./line/command-line.ts";

/** pino's number of the level. */
const ERROR = 50;

const isDebugging = process.env["DROVER_DEBUG"] === "1";
if (!isDebugging) {
  process.noDeprecation = true;
  // Unheard, it opens Node's debugger to every user of this machine, who could then run anything here.
  process.on("SIGUSR1", () => {});
}

// A reader that left (`drover logs | head`) is no error.
process.stdout.on("error", ignoreClosedPipe);
process.stderr.on("error", ignoreClosedPipe);
process.on("uncaughtException", (error) => void sayAndExit(error));

try {
  process.exitCode = await runCommandLine(commands, process.argv.slice(2), process.env);
} catch (error) {
  await say(error);
}

async function sayAndExit(error: unknown): Promise<void> {
  await say(error);
  process.exit(process.exitCode);
}

async function say(error: unknown): Promise<void> {
  const { journalPrefix, leadsToJournal } = await import("@drover/supervisor/systemd");
  const { explainError } = await import("./terminal/messages.ts");
  const { text, exitCode } = explainError(error, isDebugging);
  const priority = leadsToJournal(process.env, 2) ? journalPrefix(ERROR) : "";
  process.stderr.write(`${priority}${text.replaceAll("\n", `\n${priority}`)}\n`);
  process.exitCode = exitCode;
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "ENOSPC") throw error;
}
