import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { type Drover, Pasture, type WorkerRow } from "../support/drover-process.ts";
import { needs, needsControlGroup } from "../support/needs.ts";
import { serverPid, writeScript } from "../support/servers/plain-server.ts";
import { commandOf, kill, parentOf, runningProcesses, stateOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** The ordinary script: no `exec`, so that the server is its child. */
const CHILD = '$server "$@"\nstatus=$?\necho "the server is gone"\nexit $status';
/** The server leaves the script's session too. */
const OWN_SESSION = 'setsid $server "$@" &\nwait $!';

/** A daemon: forked twice, in its own session, and nothing in its environment tells where it comes from. */
const DAEMON = `env -i "PASTURE_OF_TEST=$PASTURE_OF_TEST" setsid --fork $server "$@"
while [ ! -e "$0.end" ]; do sleep 0.1; done`;

/** A server that ignores TERM and whose first thread ends: by its state it is a zombie, while another thread serves. */
const HEADLESS = `
import ctypes, http.server, platform, signal, sys, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
threading.Thread(target=server.serve_forever).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
`;

const CHECKS = { DROVER_CHECKS_INTERVAL: "200ms", DROVER_CHECKS_TIMEOUT: "500ms", DROVER_SUPERVISION_GRACE: "1s" };
/** Control groups that a drover has made for its workers: it holds the guards that know their folders. */
function workerGroupsOf(drover: number | undefined): readonly string[] {
  const guards = runningProcesses().filter((pid) => parentOf(pid) === drover);
  return guards.flatMap(commandOf).filter((word) => /\/drover-worker-\d+-\w+$/.test(word) && existsSync(word));
}

const isGone = (pid: number) => ["Z", undefined].includes(stateOf(pid));

describe("a worker command that starts a daemon with an environment of its own", needsControlGroup(), () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("is found by its control group: restarted, left behind and under SIGKILL nothing of it stays", async () => {
    const script = writeScript(pasture.folder, "run.sh", DAEMON);
    const drover = pasture.up(["--workers", "1", "--worker-command", `bash ${script} {port} deaf`], CHECKS);
    const ready = async (restarts: number): Promise<number> => {
      const [row] = await drover.workers(([only]) => only?.state === "ready" && only.restarts === restarts);
      assert.ok(row);
      const { pid } = (await (await fetch(`http://127.0.0.1:${row.port}/`)).json()) as { readonly pid: number };
      assert.notEqual(pid, row.pid);
      return pid;
    };
    const groups = () => workerGroupsOf(drover.child.pid);
    const first = await ready(0);
    assert.equal(groups().length, 1);

    assert.equal((await pasture.run(["restart"])).code, 0);
    const second = await ready(0);
    assert.deepEqual([isGone(first), groups().length], [true, 1]);

    writeFileSync(`${script}.end`, "");
    await until(() => isGone(second), "what the script left running is gone");
    rmSync(`${script}.end`);
    const third = await ready(1);

    const left = groups();
    await drover.end("SIGKILL");
    await until(() => isGone(third) && !left.some((folder) => existsSync(folder)), "it and its control group are gone");
    await pasture.empty();
  });
});

describe("a worker command that starts the server as its child", needs("setpriv"), () => {
  let pasture: Pasture;
  beforeEach(() => {
    pasture = new Pasture();
  });
  afterEach(() => pasture.close());

  const start = async (body: string, more = ""): Promise<{ drover: Drover; row: WorkerRow; server: number }> => {
    const script = writeScript(pasture.folder, "run.sh", body);
    const drover = pasture.up(["--workers", "1", "--worker-command", `bash ${script} {port} ${more}`], CHECKS);
    const [row] = await drover.workers(([only]) => only?.state === "ready");
    assert.ok(row);
    return { drover, row, server: await serverPid(row) };
  };

  for (const [how, body] of [
    ["", CHILD],
    [" in a session of its own", OWN_SESSION],
  ] as const) {
    it(`is restarted${how}: the old server is gone before the new one takes its port`, async () => {
      const { row, server } = await start(body);
      assert.notEqual(row.pid, server);
      assert.equal((await pasture.run(["restart"])).code, 0);
      const [next] = await pasture.status();
      assert.deepEqual([next?.state, next?.port, isGone(server)], ["ready", row.port, true]);
    });

    it(`leaves no server behind${how} when drover is killed by SIGKILL`, async () => {
      const { drover, server } = await start(body);
      await drover.end("SIGKILL");
      await until(() => isGone(server), "the server is gone");
      await pasture.empty();
    });
  }

  it("is still there while any thread of its server is", needs("python3"), async () => {
    const server = join(pasture.folder, "server.py");
    writeFileSync(server, HEADLESS);
    const script = writeScript(pasture.folder, "run.sh", `python3 ${server} "$@"`);
    const drover = pasture.up(["--workers", "1", "--worker-command", `bash ${script} {port}`], CHECKS);
    const [row] = await drover.workers(([only]) => only?.state === "ready");
    assert.equal((await pasture.run(["restart"])).code, 0);
    const [next] = await pasture.status();
    assert.deepEqual([next?.state, next?.port], ["ready", row?.port]);
  });

  it("fails its restart at its first failure, and is tried again", async () => {
    const { drover } = await start(`[ -e "$0.broken" ] && exit 7\n${CHILD}`);
    const broken = join(pasture.folder, "run.sh.broken");
    writeFileSync(broken, "");
    const { code, stderr } = await pasture.run(["restart"]);
    assert.equal(code, 1);
    assert.match(stderr, /worker 1 did not come back: [^\n]*\b7\b[^\n]*; it is tried again/);
    rmSync(broken);
    await drover.workers(([only]) => only?.state === "ready");
  });

  it("ends with drover, by force where the server ignores TERM", async () => {
    const { drover } = await start(CHILD, "deaf");
    assert.equal((await drover.end()).code, 0);
    assert.deepEqual(pasture.left(), []);
  });

  it("is replaced when the server stops answering, and when it dies", async () => {
    const { drover, server } = await start(CHILD);
    process.kill(server, "SIGSTOP");
    const [second] = await drover.workers(([only]) => only?.state === "ready" && only.restarts === 1);
    assert.ok(second && isGone(server));
    kill(await serverPid(second));
    await drover.workers(([only]) => only?.state === "ready" && only.restarts === 2);
  });

  it("is replaced when the script dies, and what it left running is killed", async () => {
    const { drover, row, server } = await start(CHILD);
    kill(row.pid);
    await drover.workers(([only]) => only?.state === "ready" && only.restarts === 1);
    assert.ok(isGone(server));
    assert.ok(drover.entries.some(({ msg = "" }) => msg.includes(`what it left running is killed (pid ${server})`)));
  });
});
