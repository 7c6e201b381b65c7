import { readlinkSync } from "node:fs";
import { readStartTime } from "../process/process-files.ts";

/** The supervisor that a directory of snapshots belongs to, as its name says. */
export interface SnapshotOwner {
  readonly uid: number;
  /** Process ids of another namespace (a container that shares /dev/shm) say nothing here. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** In clock ticks since the boot: a pid is used again, the two together are not. */
  readonly startTime: string;
}

/** An entry of /dev/shm. */
export interface SharedEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly uid: number;
}

/** Beginning of the directory's name; what follows is random. */
export function ownerPrefix({ uid, pidNamespace, pid, startTime }: SnapshotOwner): string {
  return `drover-${uid}-${pidNamespace}-${pid}-${startTime}-`;
}

/** Whose an entry is; undefined: not a directory of snapshots that this user's supervisors made. */
export function ownerOf({ name, isDirectory, uid }: SharedEntry, ownUid: number): SnapshotOwner | undefined {
  const match = /^drover-(\d+)-(\d+)-(\d+)-(\d+)-\w{6}$/.exec(name);
  if (match === null || !isDirectory || uid !== ownUid || Number(match[1]) !== ownUid) return undefined;
  const [, , pidNamespace = "", pid = "", startTime = ""] = match;
  return { uid, pidNamespace, pid: Number(pid), startTime };
}

/** Whether nobody uses it any more. What can't be told is taken for alive. */
export function isLeftOver(
  owner: SnapshotOwner,
  ownNamespace: string,
  startTimeOf: (pid: number) => string | undefined,
): boolean {
  if (owner.pidNamespace !== ownNamespace || ownNamespace === UNKNOWN) return false;
  return startTimeOf(owner.pid) !== owner.startTime;
}

/** This process, as the owner of a directory. */
export function readSelf(uid: number): SnapshotOwner {
  return {
    uid,
    pidNamespace: readNamespace(),
    pid: process.pid,
    startTime: readStartTime(process.pid) ?? UNKNOWN,
  };
}

const UNKNOWN = "0";

function readNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}
