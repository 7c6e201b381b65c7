import { findProgram } from "@drover/foundation/files/programs";
import { splitArguments } from "./split-arguments.ts";

/** Why nothing could be started by a worker command, as far as that is known without starting it; undefined: nothing is known against it. */
export function commandProblem(command: string, path: string): string | undefined {
  const [program = ""] = splitArguments(command);
  if (program === "")
    return "the worker command is empty; give the program that serves the model, or leave --worker-command out";
  // What is filled in is not known yet.
  if (program.includes("{")) return undefined;
  if (findProgram(program, path) !== undefined) return undefined;
  const where = program.includes("/") ? "is no file that may be executed" : "is in no folder of $PATH";
  return `the worker command's program ${program} ${where}; correct --worker-command (workers.command), which no shell reads`;
}
