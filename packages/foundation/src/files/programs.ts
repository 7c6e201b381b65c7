import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether this is a file that may be executed. */
export function mayBeRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The program as `execvp` finds it: a path as it is, a name in the first folder of `$PATH` that has it. Undefined where none may be run. */
export function findProgram(program: string, searchPath: string): string | undefined {
  const isPath = program.includes("/");
  const candidates = isPath ? [program] : searchPath.split(delimiter).map((folder) => join(folder, program));
  return candidates.find(mayBeRun);
}
