import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { execa } from "execa";
import { freePort, nextPorts } from "../support/ports.ts";
import { needs } from "../support/needs.ts";
import { environmentOf } from "../support/processes.ts";
import { startNotifyReceiver } from "../support/servers/notify-receiver.ts";
import { COMMAND_LIMIT_MS, PATIENCE_MS } from "../support/until.ts";

const drover = new URL("../../../node_modules/.bin/drover", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "drover-systemd-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("drover up as systemd's child", () => {
  it(
    "tells it of the load, READY once a chat can be answered, each worker, the watchdog and the stop",
    needs("systemd-notify", "python3"),
    async () => {
      const receiver = await startNotifyReceiver();
      const port = await freePort();
      const running = start({
        flags: ["--workers", "2", "--slots", "2", "--listen", `127.0.0.1:${port}`],
        variables: { NOTIFY_SOCKET: receiver.path, WATCHDOG_USEC: "1000000" },
      });
      try {
        await receiver.next(/^READY=1$/);
        const first = receiver.messages[0]?.join(" ") ?? "";
        assert.match(first, /^EXTEND_TIMEOUT_USEC=30000000 STATUS=0\/[02] workers, 0 of 0 slots$/);
        assert.ok(await answersChat(port));
        await receiver.next(/^WATCHDOG=1$/);
        await receiver.next(/^STATUS=2\/2 workers, 0 of 4 slots$/);
        const names = await running.workerVariables();
        assert.ok(names.includes("PATH"));
        for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC"]) assert.ok(!names.includes(name), name);
      } finally {
        await running.stop();
        await receiver.close();
      }
      const stopping = receiver.messages.find((message) => message[0] === "STOPPING=1");
      assert.equal(stopping?.[1], "EXTEND_TIMEOUT_USEC=30000000");
    },
  );

  it("never tells it READY when no worker can load the model", needs("systemd-notify", "python3"), async () => {
    const receiver = await startNotifyReceiver();
    const model = join(folder, "broken.gguf");
    writeFileSync(model, Buffer.concat([Buffer.from("GGUF"), Buffer.alloc(2_000)]));
    const running = start({
      flags: ["--model", model, "--workers", "1", "--listen", `127.0.0.1:${await freePort()}`],
      variables: { NOTIFY_SOCKET: receiver.path },
    });
    const { exitCode } = await running.child;
    await receiver.close();
    assert.ok(exitCode === 2 || exitCode === 3, String(exitCode));
    assert.ok(!receiver.messages.flat().includes("READY=1"));
  });

  it(
    "serves on every socket that it is passed instead of --listen, and passes none to workers",
    needs("systemd-socket-activate"),
    async () => {
      const ports = [await freePort(), await freePort()];
      const running = start({
        flags: ["--workers", "1", "--listen", "127.0.0.1:1"],
        through: [
          "systemd-socket-activate",
          ...ports.flatMap((port) => ["-l", `127.0.0.1:${port}`]),
          "--fdname=public:second",
          ...["PATH", "HOME", "XDG_CACHE_HOME"].flatMap((name) => ["-E", name]),
        ],
      });
      try {
        // The first connection starts Drover and waits in the backlog until a worker is ready.
        for (const port of ports) assert.ok(await answersChat(port), String(port));
        const names = await running.workerVariables();
        for (const name of ["LISTEN_FDS", "LISTEN_PID"]) assert.ok(!names.includes(name), name);
      } finally {
        await running.stop();
      }
    },
  );

  it("gives the journal one line for each event, with its priority", async () => {
    const path = join(folder, "journal");
    writeFileSync(path, "");
    const { dev, ino } = statSync(path);
    const port = await freePort();
    const running = start({
      flags: ["--workers", "1", "--listen", `127.0.0.1:${port}`],
      variables: { JOURNAL_STREAM: `${dev}:${ino}` },
      through: ["sh", "-c", 'exec "$@" >"$0"', path],
    });
    const lines = () =>
      readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "");
    try {
      await answersChat(port);
    } finally {
      await running.stop();
    }
    assert.ok(
      lines().some((line) => line.startsWith("<6>worker 1: loading -> ready")),
      lines().join("\n"),
    );
    for (const line of lines()) assert.match(line, /^<[2-7]>/);
  });
});

interface Run {
  readonly flags: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /** The program that starts Drover, with its words. */
  readonly through?: readonly string[];
}

/** Starts `drover up` on the demo model, with an admin socket of its own. */
function start({ flags, variables = {}, through = [] }: Run) {
  const socket = join(mkdtempSync(join(folder, "run-")), "admin.sock");
  const [file = drover, ...words] = [
    ...through,
    drover,
    "up",
    "--admin-socket",
    socket,
    "--threads",
    "1",
    "--worker-port",
    String(nextPorts(10)),
    ...flags,
  ];
  const child = execa(file, words, {
    env: { XDG_CACHE_HOME: folder, ...variables },
    stdio: "ignore",
    reject: false,
    timeout: COMMAND_LIMIT_MS,
    forceKillAfterDelay: PATIENCE_MS,
  });
  return {
    child,
    /** Names of the environment variables of its workers. */
    async workerVariables(): Promise<readonly string[]> {
      const { stdout } = await execa(drover, ["status", "--json", "--admin-socket", socket]);
      const { workers } = JSON.parse(stdout) as { readonly workers: readonly { readonly pid: number }[] };
      assert.ok(workers.length > 0);
      return workers.flatMap(({ pid }) =>
        environmentOf(pid).map((variable) => variable.slice(0, variable.indexOf("="))),
      );
    },
    /** Ends it as systemd does, and checks that it went well. */
    async stop(): Promise<void> {
      child.kill("SIGTERM");
      assert.equal((await child).exitCode, 0);
    },
  };
}

/** Whether the port serves a chat; one that refuses connections is asked again for a while. */
async function answersChat(port: number): Promise<boolean> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ max_tokens: 4, messages: [{ role: "user", content: "hello" }] }),
      });
      const body = (await response.json()) as { readonly choices?: readonly unknown[] };
      return response.status === 200 && body.choices?.length === 1;
    } catch (error) {
      if (Date.now() > until) throw error;
      await pause(100);
    }
  }
}
