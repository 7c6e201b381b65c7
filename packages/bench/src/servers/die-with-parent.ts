import { findProgram } from "@drover/foundation/files/programs";

export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
}

/** Ends at once where its parent is not the process that asked for it any more, which may have died before the kernel was told; else runs the rest. */
const UNLESS_ORPHAN = '[ "$PPID" = "$0" ] || exit 1; exec "$@"';

/**
 * The command, made to get SIGTERM when this process dies in whatever way: a killed measurement must not leave servers
 * behind that hold memory and spoil the next one. Elsewhere than on Linux with util-linux: the command as it is.
 */
export function dieWithParent(command: CommandLine): CommandLine {
  const setpriv = findProgram("setpriv", "/usr/bin:/bin");
  if (setpriv === undefined) return command;
  return {
    file: setpriv,
    args: [
      "--pdeathsig",
      "TERM",
      "--",
      "/bin/sh",
      "-c",
      UNLESS_ORPHAN,
      String(process.pid),
      command.file,
      ...command.args,
    ],
  };
}
