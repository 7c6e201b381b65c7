import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { PATIENCE_MS } from "../support/until.ts";

describe("a drover that is told to end while a reload replaces its workers", () => {
  const pasture = new Pasture();
  const file = join(pasture.folder, "drover.yaml");
  after(() => pasture.close());

  it("ends, and starts none of them again", async () => {
    const write = (command: string) =>
      writeFileSync(file, JSON.stringify({ workers: { count: 2, threads: 1, command } }));
    write(fakeCommand());
    const drover = pasture.up(["--config", file]);
    await drover.workers((rows) => rows.length === 2 && rows.every((row) => row.state === "ready"));
    // The first worker is replaced, and the second one's replacement never becomes ready.
    write(`sh -c 'test "$0" = 1 && exec "$@" || exec sleep 600' {index} ${fakeCommand()}`);
    drover.child.kill("SIGHUP");
    await drover.entry(({ worker, to }) => worker === "1" && to === "exited");
    await drover.entry(isSecondStart(2));
    const { code, stderr } = await within(drover.end());
    assert.deepEqual([code, stderr], [0, ""]);
    const over = drover.entries.findIndex((entry) => entry.msg === "every worker has ended");
    assert.ok(over > 0);
    assert.ok(!drover.entries.slice(over).some((entry) => entry["to"] === "starting"));
    assert.deepEqual(pasture.left(), []);
  });
});

/** Holds for the second entry that says that the worker is started. */
function isSecondStart(index: number) {
  const seen = new Set<object>();
  return (entry: Readonly<Record<string, unknown>>) => {
    if (entry["worker"] === String(index) && entry["to"] === "starting") seen.add(entry);
    return seen.size === 2;
  };
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not ended within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
