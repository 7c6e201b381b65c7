import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether Linux programs that hold or move other processes are there and may be run; elsewhere there are none. */
export function hasProgram(program: string, path: string = process.env["PATH"] ?? ""): boolean {
  if (process.platform !== "linux") return false;
  for (const folder of path.split(delimiter)) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder, or not to be run.
    }
  }
  return false;
}
