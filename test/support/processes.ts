import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Linux only: what `/proc` says of processes. Each of these may end at any moment, so one that is gone is a finding and never an error. */

/** All that run: neither gone nor zombies. */
export function runningProcesses(): readonly number[] {
  return all().filter((pid) => !["Z", undefined].includes(stateOf(pid)));
}

/** Children that a process has not reaped. */
export function zombiesOf(parent: number): readonly number[] {
  return all().filter((pid) => stateOf(pid) === "Z" && parentOf(pid) === parent);
}

/** The state letter, `R`, `S`, `T`, `Z` and so on; undefined: there is no such process. */
export function stateOf(pid: number): string | undefined {
  return statOf(pid)?.[0];
}

export function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** CPU time so far, user and system, in milliseconds; 0 for one that is gone. */
export function cpuMsOf(pid: number): number {
  // Clock ticks of 10 ms; fields 14 and 15 of proc(5).
  const [user = 0, system = 0] = statOf(pid)?.slice(11, 13).map(Number) ?? [];
  return (user + system) * 10;
}

/** Resident memory in bytes; 0 for one that is gone. */
export function residentBytesOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(pid, "status"))?.[1] ?? 0) * 1024;
}

/** The effective user; undefined: there is no such process. */
export function effectiveUserOf(pid: number): number | undefined {
  const id = /^Uid:\s+\d+\s+(\d+)/m.exec(read(pid, "status"))?.[1];
  return id === undefined ? undefined : Number(id);
}

/** The CPUs that this process may use, ascending: not always the first ones of the machine. */
export function allowedCpus(): readonly number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(read(process.pid, "status"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** The words of its command line; none for a zombie or one that is gone. */
export function commandOf(pid: number): readonly string[] {
  return read(pid, "cmdline").split("\0").slice(0, -1);
}

/** `NAME=value` as it was started; none for a zombie or one that is gone. */
export function environmentOf(pid: number): readonly string[] {
  return read(pid, "environ").split("\0").slice(0, -1);
}

/** What its descriptors lead to. */
export function descriptorsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return listed(folder).flatMap((name) => ifThere(() => [readlinkSync(join(folder, name))]) ?? []);
}

/** SIGKILL for a process that must be there. @throws Error without a pid: 0 would be this process and all of its group */
export function kill(pid: number | null | undefined): void {
  if (pid === undefined || pid === null || pid <= 0) throw new Error("there is no process to kill");
  process.kill(pid, "SIGKILL");
}

/** Sends a signal, to nobody where it has ended by itself. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  ifThere(() => process.kill(pid, signal));
}

function all(): readonly number[] {
  return listed("/proc").map(Number).filter(Number.isInteger);
}

/** Fields of proc(5)'s stat from the third on: the second is the program's name, which may hold anything. */
function statOf(pid: number): readonly string[] | undefined {
  const stat = read(pid, "stat");
  return stat === "" ? undefined : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(pid: number, name: string): string {
  return ifThere(() => readFileSync(`/proc/${pid}/${name}`, "utf8")) ?? "";
}

function listed(folder: string): readonly string[] {
  return ifThere(() => readdirSync(folder)) ?? [];
}

/** ESRCH: it ended after the file was opened. EACCES and EPERM: it is, or has become, somebody else's. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(code)) return undefined;
    throw error;
  }
}
