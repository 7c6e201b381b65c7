import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { needsSharedMemory } from "../support/needs.ts";
import { commandOf, kill } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** Small enough for Docker's /dev/shm of 64 MiB. */
const SIZE = "8MiB";
const LIMIT_BYTES = 8 * 2 ** 20;

/** `drover status --json`'s part about snapshots. */
interface Kept {
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
  readonly limitBytes: number;
}

describe("the directory of snapshots", needsSharedMemory(4 * LIMIT_BYTES), () => {
  const pasture = new Pasture();
  const other = new Pasture();
  after(async () => {
    await pasture.close();
    await other.close();
  });
  const file = join(pasture.folder, "drover.yaml");
  const write = (snapshots: string) =>
    writeFileSync(file, `workers: { count: 1, threads: 1, slots: 2, context: 256, snapshots: ${snapshots} }\n`);

  it("is this user's alone, is told to each worker, follows a reload, and goes with the supervisor", async () => {
    write(SIZE);
    const drover = pasture.up([]);
    await allReady(drover);
    const kept = await keptBy(pasture);
    const { directory } = kept;
    const found = lstatSync(directory);
    assert.deepEqual([found.isDirectory(), found.mode & 0o777, found.uid], [true, 0o700, process.geteuid?.()]);
    assert.match(directory, new RegExp(`^/dev/shm/drover-${found.uid}-\\d+-${drover.child.pid}-\\d+-`));
    assert.deepEqual(await toldTo(pasture), [{ directory, limitBytes: LIMIT_BYTES }]);

    writeFileSync(join(directory, "other-model-1-abc.kv"), "12345");
    const { files, bytes, limitBytes } = await keptBy(pasture);
    assert.ok(files >= 1 && bytes >= 5);
    assert.equal(limitBytes, LIMIT_BYTES);
    const metrics = await (await fetch(`${await drover.url()}/metrics`)).text();
    assert.match(metrics, /^drover_snapshot_files [1-9]/m);
    assert.match(metrics, new RegExp(`^drover_snapshot_limit_bytes ${LIMIT_BYTES}$`, "m"));
    assert.match((await pasture.run(["status"])).stdout, /^snapshots: \d+, .* of 8 MiB in \/dev\/shm\/drover-/m);

    const [first] = await pasture.status();
    kill(first?.pid);
    await drover.workers((rows) => rows[0]?.restarts === 1 && rows[0].state === "ready");
    assert.deepEqual(await toldTo(pasture), [{ directory, limitBytes: LIMIT_BYTES }]);

    write("900TiB");
    const refused = await pasture.run(["reload"]);
    assert.match(refused.stderr, /everything is as it was: workers\.snapshots \(--snapshots\) is/);
    assert.ok(existsSync(directory));
    write("off");
    assert.equal((await pasture.run(["reload"])).stdout, "Reloaded: workers.snapshots.\n");
    assert.deepEqual([existsSync(directory), await toldTo(pasture)], [false, [undefined]]);
    write(SIZE);
    assert.equal((await pasture.run(["reload"])).code, 0);
    const next = await keptBy(pasture);
    assert.deepEqual(await toldTo(pasture), [{ directory: next.directory, limitBytes: LIMIT_BYTES }]);
    assert.ok(existsSync(next.directory));
    assert.equal((await drover.end()).code, 0);
    assert.equal(existsSync(next.directory), false);
  });

  it("is removed by the next start where the supervisor was killed, and others' are not", async () => {
    write(SIZE);
    const neighbour = other.up(["--workers", "1", "--threads", "1", "--slots", "2", "--snapshots", SIZE]);
    const alive = (await keptBy(other)).directory;
    const killed = pasture.up([]);
    const left = (await keptBy(pasture)).directory;
    await killed.end("SIGKILL");
    await pasture.empty();
    const target = join(pasture.folder, "target");
    mkdirSync(target);
    writeFileSync(join(target, "kept.kv"), "");
    const link = `${left.slice(0, -6)}zzzzzz`;
    symlinkSync(target, link);
    try {
      const next = pasture.up([]);
      // Not necessarily by this one, and so not in its log: a drover of another test may have started before it.
      await until(() => !existsSync(left), "the snapshots of the killed one are removed");
      const stay = [alive, join(target, "kept.kv"), link];
      assert.deepEqual(
        [left, ...stay].map((path) => existsSync(path)),
        [false, true, true, true],
      );
      const own = (await keptBy(pasture)).directory;
      assert.ok(existsSync(own));
      next.child.kill("SIGTERM");
      next.child.kill("SIGTERM");
      await next.ended;
      assert.equal(existsSync(own), false);
    } finally {
      rmSync(link);
    }
    await neighbour.end();
    assert.equal(existsSync(alive), false);
  });

  it("is refused by up, check and plan alike where /dev/shm can't hold the size", async () => {
    write("auto");
    const commands = ["up", "check", "plan"].map((command) => pasture.run([command, "--snapshots", "900TiB"]));
    for (const { code, stdout, stderr } of await Promise.all(commands)) {
      assert.equal(code, 2);
      assert.match(
        stdout + stderr,
        /workers\.snapshots \(--snapshots\) is 921600\.0 GiB, but \/dev\/shm has only .* free\. Use less or auto, or enlarge it/,
      );
    }
  });

  it("is no flag of commands that keep none", async () => {
    for (const command of ["worker", "balance"]) {
      const { code, stderr } = await pasture.run([command, "--snapshots", "off"]);
      assert.equal(code, 2);
      assert.match(stderr, /snapshots/);
    }
  });
});

async function allReady(drover: Drover): Promise<void> {
  await drover.workers((rows) => rows.length > 0 && rows.every((row) => row.state === "ready"));
}

/** Once the drover in this pasture has any. */
async function keptBy(pasture: Pasture): Promise<Kept> {
  let kept: Kept | null | undefined;
  await until(async () => {
    const status = await pasture.admin<{ readonly snapshots: Kept | null }>("GET", "/status").catch(() => undefined);
    kept = status?.snapshots;
    return kept !== undefined && kept !== null;
  }, "a directory of snapshots");
  return kept as Kept;
}

/** What each worker's command line says of snapshots. */
async function toldTo(pasture: Pasture): Promise<readonly unknown[]> {
  return (await pasture.status()).map(({ pid }) => {
    const options = commandOf(pid ?? 0).at(-1) ?? "{}";
    return (JSON.parse(options) as { readonly snapshots?: unknown }).snapshots;
  });
}
