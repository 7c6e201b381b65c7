import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { nextPorts } from "./ports.ts";
import { commandOf, environmentOf, runningProcesses, signalIfThere } from "./processes.ts";
import { PATIENCE_MS, until, within } from "./until.ts";

/** The program itself, to be run by node. */
export const DROVER_BIN = fileURLToPath(import.meta.resolve("@drover/cli/bin/drover.js"));

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** One log line of a running drover. */
export type LogEntry = Readonly<Record<string, unknown>> & { readonly msg?: string };

/** One worker of `drover status --json`. */
export interface WorkerRow {
  readonly id: string;
  readonly pid: number | null;
  readonly state: string;
  readonly port: number | null;
  readonly cpus: readonly number[];
  readonly slots: { readonly busy: number; readonly total: number };
  readonly requests: number;
  readonly restarts: number;
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly uptimeMs: number;
}

/** How a command of drover ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own in which drovers run; all that is started in it can be found again, whoever its parent is. */
export class Pasture {
  readonly folder = mkdtempSync(join(tmpdir(), "drover-test-"));
  readonly #herd: Drover[] = [];

  /** Runs a command to its end. `onOutput` is called whenever it prints something. */
  async run(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    onOutput: () => void = () => {},
  ): Promise<Ended> {
    const child = this.#spawn(words, environment);
    child.stdout.on("data", onOutput);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "exit") as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  }

  /** Starts `drover up` on a free port; resolves at once. */
  up(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Drover {
    const all = ["up", "--listen", "127.0.0.1:0", "--worker-port", String(nextPorts(20)), ...words];
    const drover = new Drover(this, this.#spawn(all, environment));
    this.#herd.push(drover);
    return drover;
  }

  /** What `drover status --json` prints, without the time that a process takes to start. */
  async status(): Promise<readonly WorkerRow[]> {
    return (await this.admin<{ readonly workers: readonly WorkerRow[] }>("GET", "/status")).workers;
  }

  /** One call of the admin API; its response whatever the status is. @throws TooLate after `limitMs` */
  async admin<T>(method: "GET" | "POST", path: string, limitMs = PATIENCE_MS): Promise<T> {
    const call = request({ socketPath: join(this.folder, "drover.sock"), method, path, agent: false }).end();
    const receive = async () => {
      const [response] = (await once(call, "response")) as [Readable];
      return JSON.parse(await text(response)) as T;
    };
    try {
      return await within(receive(), `the supervisor responds to ${method} ${path}`, limitMs);
    } finally {
      call.destroy();
    }
  }

  /** Resolves when a worker of the drover in this pasture is ready; for one whose output nobody reads. */
  async serving(): Promise<void> {
    const isReady = async () => (await this.status().catch(() => [])).some((row) => row.state === "ready");
    await until(isReady, "a worker is ready");
  }

  /** Processes of this pasture that are neither gone nor zombies. Linux only. */
  left(): readonly number[] {
    return runningProcesses().filter((pid) => pid !== process.pid && this.#owns(pid));
  }

  /** Resolves when no process is left. */
  async empty(): Promise<void> {
    await until(() => this.left().length === 0, "no process is left");
  }

  /** Sends all of its processes a signal. */
  signal(signal: NodeJS.Signals): void {
    for (const pid of this.left()) signalIfThere(pid, signal);
  }

  /** Ends whatever still runs and takes the folder away. */
  async close(): Promise<void> {
    for (const drover of this.#herd) drover.child.kill("SIGKILL");
    // A guard ends by itself as soon as its drover is gone, and takes the control group of a worker away.
    for (const pid of this.left()) if (!commandOf(pid).includes("drover-guard")) signalIfThere(pid, "SIGKILL");
    await this.empty();
    for (const { child } of this.#herd) removeSnapshotsOf(child.pid);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #owns(pid: number): boolean {
    return environmentOf(pid).includes(`PASTURE_OF_TEST=${this.folder}`);
  }

  #spawn(words: readonly string[], environment: Readonly<Record<string, string>>): Child {
    return spawn(process.execPath, [DROVER_BIN, ...words], {
      cwd: this.folder,
      env: { ...process.env, XDG_RUNTIME_DIR: this.folder, PASTURE_OF_TEST: this.folder, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

/** A running `drover up`. */
export class Drover {
  readonly child: Child;
  readonly entries: LogEntry[] = [];
  readonly ended: Promise<Ended>;
  readonly #pasture: Pasture;
  readonly #stdout: string[] = [];
  readonly #waiting = new Set<() => void>();
  /** Ended, and all that it said was read. */
  #isOver = false;

  constructor(pasture: Pasture, child: Child) {
    this.#pasture = pasture;
    this.child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#stdout.push(line);
      this.entries.push(readEntry(line));
      this.#wake();
    });
    child.on("close", () => {
      this.#isOver = true;
      this.#wake();
    });
    // A test may close it, to see what becomes of a drover without a reader.
    const complaints = text(child.stderr).catch(() => "");
    this.ended = Promise.all([complaints, once(child, "close")]).then(([stderr]) => ({
      code: child.exitCode,
      stdout: this.#stdout.join("\n"),
      stderr,
    }));
  }

  /** The first log entry, past or to come, for which `isIt` holds. */
  async entry(isIt: (entry: LogEntry) => boolean, limitMs = PATIENCE_MS): Promise<LogEntry> {
    const endMs = Date.now() + limitMs;
    for (;;) {
      const found = this.entries.find(isIt);
      if (found !== undefined) return found;
      if (this.#isOver) throw new Error(`drover ended: ${(await this.ended).stderr}`);
      const leftMs = endMs - Date.now();
      if (leftMs <= 0)
        throw new Error(`no such entry within ${limitMs} ms; the last:\n${this.#stdout.slice(-15).join("\n")}`);
      await this.#news(leftMs);
    }
  }

  /** Resolves at the next line, at the end, or after `limitMs`. */
  async #news(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** `http://127.0.0.1:PORT`, once it serves. */
  async url(): Promise<string> {
    return String((await this.entry((entry) => entry["url"] !== undefined))["url"]);
  }

  /** The row of each worker, once `isIt` holds for all of them. */
  async workers(isIt: (rows: readonly WorkerRow[]) => boolean, limitMs = PATIENCE_MS): Promise<readonly WorkerRow[]> {
    const endMs = Date.now() + limitMs;
    for (;;) {
      // Until its socket is there nobody can be asked.
      const rows = await this.#pasture.status().catch(() => undefined);
      if (rows !== undefined && isIt(rows)) return rows;
      if (this.#isOver) throw new Error(`drover ended: ${(await this.ended).stderr}`);
      if (Date.now() > endMs) throw new Error(`not within ${limitMs} ms: ${JSON.stringify(rows)}`);
      await this.#news(20);
    }
  }

  /** Sends a signal and waits for the end. @throws TooLate */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.child.kill(signal);
    return await within(this.ended, `drover ends after ${signal}`);
  }
}

/** What a drover that was killed could not take away; the next one would. */
function removeSnapshotsOf(pid: number | undefined): void {
  const isOwn = new RegExp(`^drover-${process.geteuid?.()}-\\d+-${pid}-\\d+-\\w{6}$`);
  const names = existsSync("/dev/shm") ? readdirSync("/dev/shm").filter((name) => isOwn.test(name)) : [];
  for (const name of names) rmSync(join("/dev/shm", name), { recursive: true, force: true });
}

function readEntry(line: string): LogEntry {
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return { msg: line };
  }
}

async function text(stream: Readable): Promise<string> {
  let all = "";
  // A character may be cut between two reads.
  stream.setEncoding("utf8");
  for await (const part of stream) all += String(part);
  return all;
}
