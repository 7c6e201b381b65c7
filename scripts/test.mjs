// Runs the compiled tests of the entire workspace with Node's own runner, and prints one closing line.
// usage: node scripts/test.mjs [PART OF A FILE NAME …]   (no argument: every test)
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const roots = ["config", "packages", "test"];
const wanted = process.argv.slice(2);

/** Parts of the paths of files that take longest: they begin first, so that none is left alone at the end. */
const LONGEST = [
  "hostile/hostile-requests",
  "hostile/other-tenants",
  "console/chat",
  "lifecycle/long-prompt",
  "lifecycle/resume",
  "lifecycle/main-job",
  "lifecycle/elastic-cpus",
  "lifecycle/reload",
  "lifecycle/snapshot-directory",
  "bench/tune-command",
  "console/accessibility",
];

/** Of files that mostly wait for time-outs: they run one after another beside all others, and hardly need a CPU. */
const WAITING = [
  "lifecycle/busy-command",
  "lifecycle/liveness",
  "lifecycle/follow-load",
  "lifecycle/command-trees",
  "lifecycle/wall-clock",
  "balancing/slow-clients",
  "nginx/nginx-parity",
  "systemd/up",
];

// The sources are listed, not dist: a test whose source was deleted must not go on running from an old build.
const files = roots
  .flatMap((root) => readdirSync(root, { recursive: true }).map((file) => `${root}/${file}`))
  .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules") && !file.includes("/dist/"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .toSorted((a, b) => length(b) - length(a) || (a < b ? -1 : 1));

function length(file) {
  const rank = LONGEST.findIndex((part) => file.includes(part));
  return rank < 0 ? 0 : LONGEST.length - rank;
}

function compiled(file) {
  const script = file.replace(/\.ts$/, ".js");
  if (file.startsWith("test/")) return script.replace("test/", "test/dist/");
  if (file.startsWith("packages/console/page/")) return script.replace("/page/", "/dist/page-modules/");
  return script.replace("/src/", "/dist/");
}

/** What a test can't do beside others in its process. */
const NEEDS_OWN_PROCESS =
  /"(?:node:child_process|node:worker_threads|execa)"|\bprocess\.(?:env|on|off|chdir|umask|exit)|\bglobalThis\b|\bmock\./;

/** Unit tests of one folder run in one process: Node takes longer to start than most of them take. */
function scripts(folder, some) {
  const groups = new Map();
  for (const file of some) groups.set(groupOf(file), [...(groups.get(groupOf(file)) ?? []), file]);
  return [...groups].map(([name, group]) => {
    const paths = group.map((file) => join(process.cwd(), compiled(file)));
    if (paths.length === 1) return paths[0];
    const script = join(folder, `${name.replaceAll("/", "-")}.mjs`);
    writeFileSync(script, paths.map((path) => `import ${JSON.stringify(path)};\n`).join(""));
    return script;
  });
}

function groupOf(file) {
  return file.startsWith("test/") || NEEDS_OWN_PROCESS.test(readFileSync(file, "utf8")) ? file : dirname(file);
}

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(" ")}`);
  process.exit(2);
}

// Nothing of the machine's user may change what is tested: no settings, no service manager around this process, no measured step
// costs or models in a home directory, which may be read-only besides.
for (const name of Object.keys(process.env)) {
  if (/^(DROVER_(?!DRAW$)|NOTIFY_SOCKET$|WATCHDOG_|LISTEN_|JOURNAL_STREAM$|(NO|FORCE)_COLOR$)/.test(name))
    delete process.env[name];
}
const cache = mkdtempSync(join(tmpdir(), "drover-tests-"));
process.env["XDG_CACHE_HOME"] = cache;
// A drover that its user runs is none that a test asks or stops.
process.env["XDG_RUNTIME_DIR"] = mkdtempSync(join(cache, "run-"));
process.on("exit", () => rmSync(cache, { recursive: true, force: true }));

// Many files start several processes each: more at once would only wait for one another, and delay requests whose delay is asserted. The limit is for the slowest machine.
const ends = [];
const counts = { passed: 0, failed: 0, skipped: 0 };
const isSuite = (data) => data.details?.type === "suite";
const seconds = new Map();

/** Its results are kept until they are read. */
function start(some, concurrency) {
  const stream = run({ files: scripts(cache, some), concurrency, timeout: 600_000 });
  stream.on("test:pass", (data) => {
    if (data.nesting === 0) seconds.set(data.name, data.details.duration_ms / 1000);
    if (!isSuite(data)) counts[data.skip !== undefined ? "skipped" : "passed"] += 1;
  });
  stream.on("test:fail", (data) => {
    if (!isSuite(data)) counts.failed += 1;
    process.exitCode = 1;
    // A file whose tests all passed can fail by how its process ended, which the reporter keeps to itself.
    const { exitCode, signal } = data.details.error ?? {};
    if (signal) ends.push(`${data.name} was ended by ${signal}`);
    else if (exitCode) ends.push(`${data.name} exited with ${exitCode}`);
  });
  return stream;
}

const waiting = files.filter((file) => WAITING.some((part) => file.includes(part)));
const working = files.filter((file) => !waiting.includes(file));
const lanes = [start(working, Math.min(8, availableParallelism()))];
if (waiting.length > 0) lanes.push(start(waiting, 1));
for (const lane of lanes) await pipeline(lane.compose(new spec()), process.stdout, { end: false });
for (const end of ends) process.stdout.write(`\n${end}`);
const longest = [...seconds].toSorted((a, b) => b[1] - a[1]).slice(0, 20);
for (const [name, took] of longest) process.stdout.write(`\n${took.toFixed(1).padStart(7)} s  ${name}`);
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
