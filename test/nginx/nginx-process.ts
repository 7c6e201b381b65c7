import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signalIfThere, stateOf } from "../support/processes.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const droverNginx = fileURLToPath(import.meta.resolve("@drover/nginx/bin/drover-nginx.js"));

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with an nginx.conf, and drover-nginx run in it. */
export class NginxFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "drover-nginx-"));
  readonly #children: ChildProcess[] = [];

  /** Writes nginx.conf: `http` stands in the http block; `daemon on` is the default, as in nginx. */
  configure(http: string, main = ""): void {
    const logs = `pid ${this.path("nginx.pid")}; error_log ${this.path("error.log")} notice;`;
    writeFileSync(
      this.path("nginx.conf"),
      `${logs} ${main}\nevents { }\nhttp { access_log ${this.path("access.log")};\n${http}\n}\n`,
    );
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** The text of a file, empty while there is none. */
  text(name: string): string {
    try {
      return readFileSync(this.path(name), "utf8");
    } catch (error) {
      // Not asked for beforehand: a server that ends may remove its pid file in between.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    }
  }

  /** Runs drover-nginx to its end, with this folder's configuration. */
  run(...words: readonly string[]): CommandEnd {
    return runCommand(process.execPath, [droverNginx, "-p", this.folder, "-c", this.path("nginx.conf"), ...words]);
  }

  /** Starts it in the foreground. */
  start(...words: readonly string[]): ChildProcess {
    const all = [droverNginx, "-p", this.folder, "-c", this.path("nginx.conf"), "-g", "daemon off;", ...words];
    const child = spawn(process.execPath, all, { stdio: ["ignore", "ignore", "pipe"] });
    this.#children.push(child);
    return child;
  }

  /** Whether the process of the pid file lives. */
  get pid(): number | undefined {
    const pid = Number(this.text("nginx.pid"));
    return pid > 0 && stateOf(pid) !== undefined ? pid : undefined;
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    const { pid } = this;
    if (pid !== undefined) {
      signalIfThere(pid, "SIGKILL");
      // Until it is gone it may still write into the folder.
      await until(() => ["Z", undefined].includes(stateOf(pid)), "it is gone");
    }
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function runCommand(program: string, words: readonly string[]): CommandEnd {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8", timeout: PATIENCE_MS });
  return { code: status, stdout, stderr };
}
