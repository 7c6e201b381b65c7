import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeDemoModel } from "@drover/models";
import { type Drover, Pasture, type WorkerRow } from "../support/drover-process.ts";
import { needs, needsSharedMemory } from "../support/needs.ts";
import { signalIfThere } from "../support/processes.ts";
import { until } from "../support/until.ts";

const TEXT = {
  thought: "\nCounting.\n",
  answer: `\n\n${Array.from({ length: 3000 }, (_, index) => `cow${index}`).join(" ")}`,
};

const areReady = (rows: readonly WorkerRow[]) => rows.every(({ state }) => state === "ready");

/** CPUs that each thread of the process may run on. */
function threadCpus(pid: number): readonly string[] {
  const lists = readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/task/${task}/status`, "utf8"))?.[1] ?? [];
    } catch {
      return []; // It has just ended.
    }
  });
  return [...new Set(lists)];
}

/** The one of the two that holds all CPUs, while the other one holds none. */
function whoHasAll(rows: readonly WorkerRow[]): WorkerRow | undefined {
  const [busy, idle] = rows.toSorted((a, b) => b.cpus.length - a.cpus.length);
  return busy !== undefined && idle?.cpus.length === 0 && busy.cpus.length >= 2 ? busy : undefined;
}

const skip =
  needs("taskset").skip ||
  needsSharedMemory(16 * 2 ** 20).skip ||
  (availableParallelism() < 2 ? "needs two CPUs" : false);

describe("elastic CPUs", { skip }, () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;
  before(async () => {
    const model = join(pasture.folder, "long.gguf");
    await writeDemoModel(model, TEXT);
    const environment = { XDG_CACHE_HOME: join(pasture.folder, "cache") };
    drover = pasture.up(
      ["--model", model, "--workers", "2", "--slots", "1", "--ctx", "4096", "--snapshots", "4MiB"],
      environment,
    );
    url = await drover.url();
    await drover.workers(areReady);
  });
  after(() => pasture.close());

  const stream = async (signal?: AbortSignal) => {
    const body = { prompt: "count", max_tokens: 2000, stream: true, ignore_eos: true, temperature: 0 };
    const response = await fetch(`${url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
    return response.text();
  };

  /** Rows of the workers for which `isIt` holds while the streams go on; undefined: they were over before. */
  const during = async (streams: Promise<unknown>, isIt: (rows: readonly WorkerRow[]) => boolean) => {
    let isOver = false;
    void streams.then(() => (isOver = true));
    let found: readonly WorkerRow[] | undefined;
    await until(async () => {
      const rows = await pasture.status();
      if (isIt(rows)) found = rows;
      return isOver || found !== undefined;
    }, "the streams are over");
    return found;
  };

  /** Streams of a small model are soon over: another try, where nobody was quick enough. */
  const untilSeen = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
    for (let tries = 0; tries < 30; tries += 1) {
      await drover.workers((rows) => areReady(rows) && rows.every(({ slots }) => slots.busy === 0));
      const seen = await look();
      if (seen !== undefined) return seen;
    }
    throw new Error("each stream was over too soon");
  };

  it("gives one user's worker all CPUs, threads and all, while the other one stands by", async () => {
    const busy = await untilSeen(async () => {
      const text = stream();
      const rows = await during(text, (rows) => whoHasAll(rows)?.slots.busy === 1);
      await text;
      return rows && whoHasAll(rows);
    });
    assert.ok(busy.pid);
    assert.deepEqual(threadCpus(busy.pid).length, 1);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, new RegExp(`^drover_worker_cpus\\{worker="${busy.id}"\\} ${busy.cpus.length}$`, "m"));
  });

  it("gives each its own while both compute, so that no CPU is computed on by two", async () => {
    const rows = await untilSeen(async () => {
      // One slot each: neither has a place for both.
      const both = Promise.all([stream(), stream()]);
      const rows = await during(both, (rows) => rows.every(({ cpus, slots }) => cpus.length > 0 && slots.busy > 0));
      await both;
      return rows;
    });
    const cpus = rows.flatMap((row) => row.cpus);
    assert.equal(new Set(cpus).size, cpus.length, `held twice: ${cpus.join()}`);
  });

  it("gives the survivor of a killed worker all CPUs, and the stream goes on there to its end", async () => {
    await untilSeen(async () => {
      const text = stream();
      const rows = await during(text, (rows) => rows.some(({ slots }) => slots.busy > 0));
      const victim = rows?.find(({ slots }) => slots.busy > 0);
      if (typeof victim?.pid !== "number") return undefined;
      signalIfThere(victim.pid, "SIGKILL");
      const all = rows?.flatMap(({ cpus }) => cpus).length;
      await drover.workers((now) => now.some(({ id, cpus }) => id !== victim.id && cpus.length === all));
      assert.match(await text, /data: \[DONE\]\n\n$/);
      return true;
    });
    await drover.workers(areReady);
  });

  it("lends no CPU twice while workers are restarted, added, taken away and replaced under streams, and forgets none", async () => {
    const changes = { areOver: false };
    const users = [0, 1].map(async () => {
      while (!changes.areOver) assert.match(await stream(), /data: \[DONE\]\n\n$/);
    });
    const watch = (async () => {
      while (!changes.areOver) {
        const cpus = (await pasture.status()).flatMap((row) => row.cpus);
        assert.equal(new Set(cpus).size, cpus.length, `held twice: ${cpus.join()}`);
      }
    })();
    const all = Promise.all([...users, watch]);
    try {
      for (const words of [["restart"], ["scale", "3"], ["scale", "2"], ["reload"]]) {
        const { code, stderr } = await Promise.race([pasture.run(words), all.then(() => assert.fail("over too soon"))]);
        assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
      }
    } finally {
      changes.areOver = true;
    }
    await all;
    await drover.workers((rows) => areReady(rows) && rows.length === 2 && whoHasAll(rows) !== undefined);
  });
});

describe("--elastic off", { skip }, () => {
  it("leaves each worker on its own CPUs", async () => {
    const pasture = new Pasture();
    try {
      const drover = pasture.up(["--model", "demo", "--workers", "2", "--elastic", "off"]);
      await drover.url();
      const rows = await drover.workers(areReady);
      assert.ok(rows.every(({ cpus }) => cpus.length > 0));
      assert.equal(new Set(rows.flatMap(({ cpus }) => cpus)).size, rows.flatMap(({ cpus }) => cpus).length);
      for (const { pid, cpus } of rows) assert.equal(threadCpus(pid ?? 0).length, 1, cpus.join());
    } finally {
      await pasture.close();
    }
  });
});
