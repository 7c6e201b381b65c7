import { spawn } from "node:child_process";
import { assertFreeDescriptors } from "./free-descriptors.ts";
import type { Descent } from "./descendants.ts";

/**
 * Waits on a pipe that only this process holds: its end means that this process is gone, however that happened. The
 * mark comes through the pipe, because command lines can be read by everybody. Without `/proc` or grep the process group
 * is killed, and the control group where there is one; that can be removed as soon as its processes have ended.
 */
const SCRIPT = `
read -r mark
read -r _
[ -n "$2" ] && echo 1 2>/dev/null >"$2/cgroup.kill"
kill -s KILL -- "-$1" 2>/dev/null
for file in $(grep -lszxF -f - /proc/[0-9]*/environ <<END
$mark
END
); do pid=\${file#/proc/}; kill -s KILL "\${pid%/environ}" 2>/dev/null; done
[ -n "$2" ] && for try in 1 2 3 4 5; do
  find "$2" -depth -type d -exec rmdir {} + 2>/dev/null
  [ -d "$2" ] || break
  sleep 1
done
`;

/**
 * Kills what a command has started as soon as this process dies, by SIGKILL too: the kernel's own signal for that
 * (`setpriv --pdeathsig`) reaches the command alone and not its children. Returns what calls it off.
 */
export function guardOrphans({ leader, mark, cgroup }: Descent): () => void {
  assertFreeDescriptors();
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "drover-guard", String(leader), cgroup?.folder ?? ""], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.stdin.write(`${mark}\n`);
  return () => void guard.kill("SIGKILL");
}
