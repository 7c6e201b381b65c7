import { findProgram } from "@drover/foundation/files/programs";

/** Whether Linux programs that hold or move other processes are there and may be run; elsewhere there are none. */
export function hasProgram(program: string, path: string = process.env["PATH"] ?? ""): boolean {
  return process.platform === "linux" && findProgram(program, path) !== undefined;
}
