import { spawn } from "node:child_process";
import { assertFreeDescriptors } from "./free-descriptors.ts";
import type { Descent } from "./descendants.ts";

/**
 * Waits on a pipe that only this process holds: its end means that this process is gone, however that happened. The
 * mark comes through the pipe, because command lines can be read by everybody. Without `/proc` or grep the group is killed.
 */
const SCRIPT = `
read -r mark
read -r _
kill -s KILL -- "-$1" 2>/dev/null
for file in $(grep -lszxF -f - /proc/[0-9]*/environ <<END
$mark
END
); do pid=\${file#/proc/}; kill -s KILL "\${pid%/environ}" 2>/dev/null; done
`;

/**
 * Kills what a command has started as soon as this process dies, by SIGKILL too: the kernel's own signal for that
 * (`setpriv --pdeathsig`) reaches the command alone and not its children. Returns what calls it off.
 */
export function guardOrphans({ leader, mark }: Descent): () => void {
  assertFreeDescriptors();
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "drover-guard", String(leader)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.stdin.write(`${mark}\n`);
  return () => void guard.kill("SIGKILL");
}
