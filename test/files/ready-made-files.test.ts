import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { execa } from "execa";
import { freePort, nextPorts } from "../support/ports.ts";
import { needs } from "../support/needs.ts";
import { COMMAND_LIMIT_MS, PATIENCE_MS } from "../support/until.ts";

const files = new URL("../../../config/files/", import.meta.url).pathname;
const bin = new URL("../../../node_modules/.bin/", import.meta.url).pathname;

const ONLY_WITH_TLS = "drover_certificate_expiry_seconds";

describe("the ready-made files", () => {
  it("chart and alert on metrics that a running Drover has, and on nothing else", async () => {
    const known = metricNames(await metricsOfDemo());
    for (const file of ["grafana/drover.json", "prometheus/drover.rules.yml", "prometheus/drover.rules.test.yml"]) {
      const used = [...new Set(readFileSync(join(files, file), "utf8").match(/\bdrover_[a-z_]+/g))];
      assert.ok(used.length > 3, file);
      assert.deepEqual(
        used.filter((name) => !known.has(name) && name !== ONLY_WITH_TLS),
        [],
        file,
      );
    }
  });

  it("give Grafana panels with a query each, none over another", () => {
    const { panels } = JSON.parse(readFileSync(join(files, "grafana/drover.json"), "utf8")) as Dashboard;
    assert.ok(panels.length > 5);
    const cells = panels.flatMap(({ title, targets, gridPos: { x, y, w, h } }) => {
      assert.ok(
        targets.every(({ expr }) => /\b(?:drover|nodejs)_/.test(expr)),
        title,
      );
      return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
    });
    assert.equal(new Set(cells).size, cells.length);
  });

  it("have an nginx configuration that nginx itself takes", needs("nginx"), async () => {
    const { exitCode, stderr } = await execa("nginx", ["-t", "-c", join(files, "nginx/nginx.conf")], {
      reject: false,
      env: { PATH: `${process.env["PATH"]}:/usr/sbin` },
    });
    // Where it may not open its log or pid file, the syntax is still said to be right.
    assert.match(stderr, /syntax is ok/);
    assert.ok(exitCode === 0 || !stderr.includes("[emerg] unknown"), stderr);
  });

  it("have an nginx configuration that Drover runs and takes over", async () => {
    const conf = join(files, "nginx/nginx.conf");
    const tested = await execa(join(bin, "drover-nginx"), ["-t", "-c", conf], { reject: false });
    assert.match(tested.stderr, /syntax is ok/);
    const { stdout } = await execa(join(bin, "drover"), ["import", "nginx", conf]);
    for (const port of [8081, 8082, 8083, 8084]) assert.ok(stdout.includes(`127.0.0.1:${port}`), stdout);
  });

  it("are all named in the folder's README", () => {
    const readme = readFileSync(join(files, "README.md"), "utf8");
    for (const name of readdirSync(files)) if (name !== "README.md") assert.ok(readme.includes(name), name);
  });
});

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  }[];
}

/** Names that a query may use: of samples, which for histograms end in `_bucket` and the like. */
function metricNames(text: string): ReadonlySet<string> {
  const declared = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    declared.flatMap(([, name = "", type]) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
    ),
  );
}

async function metricsOfDemo(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "drover-files-"));
  const port = await freePort();
  const flags = [
    "--listen",
    `127.0.0.1:${port}`,
    "--admin-socket",
    join(folder, "admin.sock"),
    "--workers",
    "1",
    "--worker-port",
    String(nextPorts(10)),
  ];
  const child = execa(join(bin, "drover"), ["up", "--threads", "1", ...flags], {
    env: { XDG_CACHE_HOME: folder },
    stdio: "ignore",
    reject: false,
    timeout: COMMAND_LIMIT_MS,
  });
  try {
    for (const until = Date.now() + PATIENCE_MS; ; ) {
      const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        (response) => response.text(),
        () => "",
      );
      if (text.includes("drover_worker_ready")) return text;
      if (Date.now() > until) assert.fail(`no metrics: ${text}`);
      await pause(100);
    }
  } finally {
    child.kill("SIGTERM");
    await child;
    rmSync(folder, { recursive: true, force: true });
  }
}
