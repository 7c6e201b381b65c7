// Runs the compiled tests of the entire workspace with Node's own runner, and prints one closing line.
// usage: node scripts/test.mjs [PART OF A FILE NAME …]   (no argument: every test)
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
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

// The sources are listed, not dist: a test whose source was deleted must not go on running from an old build.
const files = roots
  .flatMap((root) => readdirSync(root, { recursive: true }).map((file) => `${root}/${file}`))
  .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules") && !file.includes("/dist/"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .map((file) => compiled(file).replace(/\.ts$/, ".js"))
  .toSorted((a, b) => length(b) - length(a) || (a < b ? -1 : 1));

function length(file) {
  const rank = LONGEST.findIndex((part) => file.includes(part));
  return rank < 0 ? 0 : LONGEST.length - rank;
}

function compiled(file) {
  if (file.startsWith("test/")) return file.replace("test/", "test/dist/");
  if (file.startsWith("packages/console/page/")) return file.replace("/page/", "/dist/page-modules/");
  return file.replace("/src/", "/dist/");
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
process.on("exit", () => rmSync(cache, { recursive: true, force: true }));

// Many files start several processes each: more at once would only wait for one another, and delay requests whose delay is asserted. The limit is for the slowest machine.
const ends = [];
const counts = { passed: 0, failed: 0, skipped: 0 };
const stream = run({ files, concurrency: Math.min(8, availableParallelism()), timeout: 1_200_000 });
const isSuite = (data) => data.details?.type === "suite";
stream.on("test:pass", (data) => {
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
stream.compose(new spec()).pipe(process.stdout);
stream.on("end", () => {
  for (const end of ends) process.stdout.write(`\n${end}`);
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
});
