import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { syntheticFile, writeGguf } from "@drover/models";
import { systemClock } from "@drover/foundation/clock";
import pino from "pino";
import type { Engine } from "../engine/engine.ts";
import { CpuLease } from "../leases/cpu-lease.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { knowStepCosts } from "./know-step-costs.ts";

describe("the step costs of workers that start together", () => {
  let engine: Engine;
  let folder: string;
  const cacheHome = process.env["XDG_CACHE_HOME"];
  before(async () => {
    engine = await openTinyEngine({ slots: 4, contextTokens: 128 });
    folder = await mkdtemp(join(tmpdir(), "drover-step-costs-"));
    process.env["XDG_CACHE_HOME"] = folder;
    await writeGguf(join(folder, "tiny.gguf"), syntheticFile("tiny", "f16"));
  });
  after(async () => {
    if (cacheHome === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = cacheHome;
    await engine.dispose();
    await rm(folder, { recursive: true });
  });

  /** A worker that has started and has no CPUs yet, with the decodes that it makes. */
  function start() {
    const worker = { decodes: 0 };
    const lease = new CpuLease({ threads: 0, tell: () => {}, apply: () => {}, clock: systemClock });
    const known = knowStepCosts({
      engine: {
        ...engine,
        decode: async (parts) => {
          worker.decodes += 1;
          return await engine.decode(parts);
        },
      },
      options: { modelPath: join(folder, "tiny.gguf"), stepCosts: "cached", threads: 1, leases: { counts: [1] } },
      lease,
      logger: pino({ level: "silent" }),
      onKnown: () => {},
    });
    return { worker, lease, known };
  }

  it("are measured by the first one that has CPUs, and the others take them over", async () => {
    const [first, second] = [start(), start()];
    first.lease.order({ cpus: [0], epoch: 1 });
    const measured = await first.known;
    second.lease.order({ cpus: [0], epoch: 1 });
    const takenOver = await second.known;

    assert.ok(first.worker.decodes > 0);
    assert.equal(second.worker.decodes, 0);
    assert.deepEqual(takenOver?.costs.measured(1), measured?.costs.measured(1));
  });
});
