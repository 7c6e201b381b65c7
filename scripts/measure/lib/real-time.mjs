// Accuracy is a matter of milliseconds, and other processes of the machine are not what is measured: where chrt and the
// right to use it are there, the script starts itself over with real-time priority.
import { spawnSync } from "node:child_process";

const isAllowed = () => spawnSync("chrt", ["-f", "10", "true"], { stdio: "ignore" }).status === 0;

/** Returns at normal priority only where real time is not to be had, and says so. */
export function preferRealTime() {
  if (process.env.DROVER_REAL_TIME === "1") return;
  if (!isAllowed()) {
    console.log("(at normal priority: other processes of this machine are in the figures)");
    return;
  }
  const env = { ...process.env, DROVER_REAL_TIME: "1" };
  const run = spawnSync("chrt", ["-f", "10", process.execPath, ...process.argv.slice(1)], { stdio: "inherit", env });
  process.exit(run.status ?? 1);
}
