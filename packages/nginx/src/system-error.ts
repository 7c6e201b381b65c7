import { messageOf } from "@drover/foundation/error-text";
/** Names in a configuration are bytes; paths are UTF-8. */
export function toPath(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

/** `2: No such file or directory`, as nginx writes a system error. */
export function systemError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return errnoTexts[code] ?? messageOf(error);
}

/** The message of nginx where the system refused something: `mkdir() "/x" failed (2: No such file or directory)`. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error.message;
  return `${syscall}()${path === undefined ? "" : ` "${path}"`} failed (${systemError(error)})`;
}

/** What nginx writes of an error by its code. */
export const errnoTexts: Readonly<Record<string, string>> = {
  EPERM: "1: Operation not permitted",
  ENOENT: "2: No such file or directory",
  ESRCH: "3: No such process",
  EACCES: "13: Permission denied",
  EEXIST: "17: File exists",
  ENOTDIR: "20: Not a directory",
  EISDIR: "21: Is a directory",
  EMFILE: "24: Too many open files",
  EADDRINUSE: "98: Address already in use",
  EADDRNOTAVAIL: "99: Cannot assign requested address",
  ECONNRESET: "104: Connection reset by peer",
  ETIMEDOUT: "110: Connection timed out",
  ECONNREFUSED: "111: Connection refused",
  EHOSTUNREACH: "113: No route to host",
  EPIPE: "32: Broken pipe",
};
