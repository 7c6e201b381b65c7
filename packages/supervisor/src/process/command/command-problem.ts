import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { splitArguments } from "./split-arguments.ts";

/** Why nothing could be started by a worker command, as far as that is known without starting it; undefined: nothing is known against it. */
export function commandProblem(command: string, path: string): string | undefined {
  const [program = ""] = splitArguments(command);
  if (program === "")
    return "the worker command is empty; give the program that serves the model, or leave --worker-command out";
  // What is filled in is not known yet.
  if (program.includes("{")) return undefined;
  const isPath = program.includes("/");
  const candidates = isPath ? [program] : path.split(delimiter).map((folder) => join(folder, program));
  if (candidates.some(isProgram)) return undefined;
  const where = isPath ? "is no file that may be executed" : "is in no folder of $PATH";
  return `the worker command's program ${program} ${where}; correct --worker-command (workers.command), which no shell reads`;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
