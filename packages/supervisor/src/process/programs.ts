import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether Linux programs that hold or move other processes are there; elsewhere there are none. */
export function hasProgram(program: string, path: string = process.env["PATH"] ?? ""): boolean {
  return process.platform === "linux" && path.split(delimiter).some((folder) => existsSync(join(folder, program)));
}
