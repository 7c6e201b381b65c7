import { spawnSync } from "node:child_process";
import { run } from "./session.ts";

/**
 * Accuracy is a matter of milliseconds, and other processes of the machine are not what is measured: where `chrt` and
 * the right to use it are there, the script starts itself over with real-time priority. Returns at normal priority only
 * where that is not to be had, and says so.
 */
export async function preferRealTime(): Promise<void> {
  if (process.env["DROVER_REAL_TIME"] === "1") return;
  if (spawnSync("chrt", ["-f", "10", "true"], { stdio: "ignore" }).status !== 0) {
    console.log("(at normal priority: other processes of this machine are in the figures)");
    return;
  }
  const args = ["-f", "10", process.execPath, ...process.argv.slice(1)];
  const { code } = await run("(with real-time priority)", "chrt", args, { environment: { DROVER_REAL_TIME: "1" } });
  process.exit(code);
}
