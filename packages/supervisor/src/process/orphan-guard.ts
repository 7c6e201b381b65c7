import { spawn } from "node:child_process";
import type { Descent } from "./descendants.ts";

/**
 * Waits on a pipe that only this process holds: its end means that this process is gone, however that happened. The
 * mark comes through the pipe, because command lines can be read by everybody, and the leader behind it, once there is one.
 * Without `/proc` or grep the process group is killed, and the control group where there is one; that can be removed as soon
 * as its processes have ended.
 */
const SCRIPT = `
read -r mark
read -r leader
read -r _
[ -n "$1" ] && echo 1 2>/dev/null >"$1/cgroup.kill"
[ -n "$leader" ] && kill -s KILL -- "-$leader" 2>/dev/null
for file in $(grep -lszxF -f - /proc/[0-9]*/environ <<END
$mark
END
); do pid=\${file#/proc/}; kill -s KILL "\${pid%/environ}" 2>/dev/null; done
[ -n "$1" ] && for try in 1 2 3 4 5; do
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [ -d "$1" ] || break
  sleep 1
done
`;

/** Waits for the death of this process. */
export interface OrphanGuard {
  /** The command has started. */
  readonly follow: (leader: number) => void;
  readonly callOff: () => void;
}

/**
 * Kills what a command has started as soon as this process dies, by SIGKILL too: the kernel's own signal for that
 * (`setpriv --pdeathsig`) reaches the command alone and not its children. To be made before the command: where the system
 * refuses it, nothing runs that nobody would end.
 */
export function guardOrphans({ mark, cgroup }: Pick<Descent, "mark" | "cgroup">): OrphanGuard {
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "drover-guard", cgroup?.folder ?? ""], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.stdin.write(`${mark}\n`);
  return {
    follow: (leader) => void guard.stdin.write(`${leader}\n`),
    callOff: () => void guard.kill("SIGKILL"),
  };
}
