import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DroverStatus, ServiceStatus } from "@drover/supervisor/admin";
import { statusTable as drawStatus } from "./status-table.ts";

const service: ServiceStatus = {
  command: "up",
  version: "1",
  pid: 7,
  phase: "serving",
  urls: ["http://127.0.0.1:8080"],
  model: "m.gguf",
  download: null,
  queue: { depth: 2, limit: 100 },
  config: "drover.yaml",
  missing: [],
};

const statusTable = (status: Partial<DroverStatus>, columns?: number) =>
  drawStatus({ service, workers: [], snapshots: null, upstreams: [], ...status }, columns);

/** What the table does not show. */
const unseen = { readShare: 1, cpuSeconds: 0, restartReasons: { crashed: 0, hung: 0, killed: 0 } };

describe("statusTable", () => {
  it("fits a terminal of 80 columns", () => {
    const worker = { pid: 123_456, port: 8081, cpus: [0, 1, 2, 3], cpuPercent: 100, rssBytes: 2 ** 31 };
    const more = { elastic: false, slots: { busy: 8, total: 8 }, requests: 1234, restarts: 2, uptimeMs: 3_000_000 };
    const table = statusTable({
      workers: [{ id: "1", state: "ready", ...worker, ...more, ...unseen }],
      snapshots: null,
    });
    assert.match(table, /^id .*\n1 .* 0-3 .* 8\/8 .* 50m 0s *$/m);
    assert.ok(table.split("\n").every((line) => line.length <= 80));
  });

  it("moves together where long figures would not fit the terminal", () => {
    const worker = { pid: 1_234_567, port: 8081, cpus: [0, 1, 2, 3], cpuPercent: 1600, rssBytes: 2 ** 34 };
    const more = {
      elastic: false,
      slots: { busy: 16, total: 16 },
      requests: 123_456,
      restarts: 12,
      uptimeMs: 50 * 86_400_000,
    };
    const snapshots = { directory: `/dev/shm/drover-${"0".repeat(40)}`, files: 3, bytes: 0, limitBytes: 2 ** 31 };
    const workers = [{ id: "10", state: "quarantined", ...worker, ...more, ...unseen } as const];
    const status = { workers, snapshots };
    assert.ok(
      statusTable(status)
        .split("\n")
        .some((line) => line.length > 80),
    );
    for (const line of statusTable(status, 80).split("\n")) assert.ok(line.length <= 80, line);
  });

  it("says below what snapshots take, where any are kept", () => {
    const snapshots = { directory: "/dev/shm/drover-1", files: 3, bytes: 90 * 2 ** 20, limitBytes: 2 ** 31 };
    const last = statusTable({ workers: [], snapshots }).split("\n").at(-1);
    assert.equal(last, "snapshots: 3, 90 MiB of 2.0 GiB in /dev/shm/drover-1");
  });

  it("shows a worker that stands by without CPUs", () => {
    const worker = { pid: 1, port: 8081, cpus: [], elastic: true, cpuPercent: 0, rssBytes: 0 };
    const more = { slots: { busy: 0, total: 16 }, requests: 0, restarts: 0, uptimeMs: 0 };
    const workers = [{ id: "1", state: "ready", ...worker, ...more, ...unseen } as const];
    assert.match(statusTable({ workers, snapshots: null }), / none /u);
    assert.match(
      statusTable({ workers: workers.map((one) => ({ ...one, elastic: false })), snapshots: null }),
      / any /u,
    );
  });

  it("shows no limit of slots where there is none", () => {
    const worker = { pid: 1, port: 8081, cpus: [0], cpuPercent: 0, rssBytes: 0 };
    const more = { elastic: false, slots: { busy: 3, total: 0 }, requests: 0, restarts: 0, uptimeMs: 0 };
    assert.match(
      statusTable({ workers: [{ id: "1", state: "ready", ...worker, ...more, ...unseen }], snapshots: null }),
      / 3\/- /u,
    );
  });

  it("says above what is served, where, from which configuration, and below what is missing on this machine", () => {
    const lines = statusTable({ service: { ...service, missing: ["no taskset"] } }).split("\n");
    assert.equal(lines[0], "drover (pid 7) serves m.gguf on http://127.0.0.1:8080, 2 requests waiting");
    assert.equal(lines[1], "configuration: drover.yaml");
    assert.equal(lines.at(-1), "missing: no taskset");
  });

  it("tells what happens before it serves: the download, and how far each worker is with loading", () => {
    const early: ServiceStatus = { ...service, phase: "preparing", urls: [], queue: null };
    assert.match(statusTable({ service: early }), /^drover \(pid 7\) is preparing m\.gguf\n/);
    const download = { doneBytes: 2 ** 20, totalBytes: 2 ** 22, bytesPerSecond: 2 ** 20, silentMs: 0 };
    assert.match(
      statusTable({ service: { ...early, download } }),
      /^drover \(pid 7\) is fetching m\.gguf: 25% of 4 MiB, 1 MiB\/s, 3 s left\n/,
    );
    const worker = { pid: 9, port: 8081, cpus: [], elastic: false, cpuPercent: 0, rssBytes: 0, uptimeMs: 0 };
    const more = { state: "loading", slots: { busy: 0, total: 0 }, requests: 0, restarts: 0 } as const;
    const workers = [0.374, 1].map((readShare, index) => ({
      id: String(index + 1),
      ...worker,
      ...more,
      ...unseen,
      readShare,
    }));
    const table = statusTable({ service: { ...service, phase: "starting" }, workers });
    assert.match(table, /^drover \(pid 7\) is starting its workers with m\.gguf on http/);
    assert.match(table, /^1 +loading 37% .*\n2 +warming up /m);
  });

  it("calls a worker asleep that is unloaded until the next request, and says what that will be served by", () => {
    const worker = { pid: null, port: null, cpus: [], elastic: false, cpuPercent: 0, rssBytes: 0 };
    const more = { slots: { busy: 0, total: 0 }, requests: 0, restarts: 0, uptimeMs: 0 };
    const workers = [{ id: "1", state: "exited", ...worker, ...more, ...unseen } as const];
    const table = statusTable({ workers, service: { ...service, phase: "asleep" } });
    assert.match(table, /^1 +asleep /m);
    assert.match(
      table,
      /^drover \(pid 7\) serves m\.gguf on http:\/\/127\.0\.0\.1:8080, asleep until the next request, 2 /m,
    );
    assert.match(statusTable({ workers }), /^1 +exited /m);
  });

  it("shows servers that drover does not start", () => {
    const upstream = {
      id: "a",
      origin: "http://127.0.0.1:1",
      state: "down",
      active: 0,
      requests: 3,
      failures: 3,
    } as const;
    const table = statusTable({ upstreams: [{ ...upstream, lastFailure: "the connection was refused" }] });
    assert.match(table, /^http:\/\/127\.0\.0\.1:1 +down +0 +3 +3 +the connection was refused/m);
  });
});
