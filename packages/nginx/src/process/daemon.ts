import { spawn } from "node:child_process";

/** What a process that goes to the background tells the one that started it. */
export interface DaemonWord {
  /** For who watches. */
  readonly text?: string;
  /** It listens, or cannot. */
  readonly exitCode?: 0 | 1;
}

/** Marks the process that serves. */
export const daemonMark = "DROVER_NGINX_DAEMON";

/**
 * Starts this program again in the background, in a session of its own. Resolves with 0 once it listens, with 1 if it cannot: as
 * nginx, which binds before it goes to the background.
 */
export function startDaemon(words: readonly string[]): Promise<number> {
  const [, script = ""] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, script, ...words], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, [daemonMark]: "1" },
  });
  return new Promise((resolve) => {
    const settle = (code: number): void => {
      if (child.connected) child.disconnect();
      child.unref();
      resolve(code);
    };
    child.on("message", (word: DaemonWord) => {
      if (word.text !== undefined) process.stderr.write(word.text);
      if (word.exitCode !== undefined) settle(word.exitCode);
    });
    child.once("error", (error) => {
      process.stderr.write(`nginx: [emerg] ${error.message}\n`);
      settle(1);
    });
    child.once("exit", () => settle(1));
  });
}

/** Says something to the process that started this one, as long as it listens. */
export function tellParent(word: DaemonWord): void {
  if (process.send === undefined || !process.connected) return;
  process.send(word, () => {
    if (word.exitCode === 0 && process.connected) process.disconnect();
  });
}
