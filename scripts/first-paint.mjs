// How long the console takes to its first paint from a cold cache: in a new profile each time, with one Drover that serves the demo model. Prints
// the browser's own figures, the bytes that came, and what all files of the page take. Needs a build, `pnpm tools` and Chromium. usage: node scripts/first-paint.mjs [TIMES]
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const { chromium } = await import(pathToFileURL(join(here, "tools/node_modules/playwright-core/index.mjs")).href);
const times = Number(process.argv[2] ?? 9);
const folder = mkdtempSync(join(tmpdir(), "drover-first-paint-"));
const words = [
  "up",
  "--workers",
  "1",
  "--threads",
  "1",
  "--slots",
  "2",
  "--listen",
  "127.0.0.1:0",
  "--log-format",
  "json",
];
const server = spawn(join(here, "node_modules/.bin/drover"), [...words, "--admin-socket", join(folder, "admin.sock")], {
  stdio: ["ignore", "pipe", "inherit"],
});
const browser = await chromium.launch({ args: ["--no-sandbox", "--headless"], executablePath: "/usr/bin/chromium" });
try {
  const url = await addressOf(server);
  // The server's own first look at its files is no part of the browser's way.
  await look(url);
  const seen = [];
  for (let round = 0; round < times; round += 1) seen.push(await look(url));
  say(
    "first paint (first-contentful-paint)",
    "ms",
    seen.map(({ paintMs }) => paintMs),
  );
  say(
    "the field can be typed into",
    "ms",
    seen.map(({ usableMs }) => usableMs),
  );
  say(
    "bytes that came, compressed",
    "bytes",
    seen.map(({ bytes }) => bytes),
  );
  console.log(`all files of the page, gzipped: ${gzippedBytes(join(here, "packages/console/dist/page"))} bytes`);
} finally {
  await browser.close();
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  rmSync(folder, { recursive: true, force: true });
}

async function addressOf(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line);
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error("Drover ended before it served");
}

/** A new context has a cache of its own, which is empty. */
async function look(url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url, { waitUntil: "load" });
  await page.locator("#message").waitFor();
  const found = await page.evaluate(async () => {
    const usableMs = performance.now();
    const paint = await new Promise((resolve) => {
      new PerformanceObserver((list) => {
        const entry = list.getEntriesByName("first-contentful-paint")[0];
        if (entry !== undefined) resolve(entry);
      }).observe({ type: "paint", buffered: true });
    });
    const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return { usableMs, paintMs: paint.startTime, bytes: entries.reduce((sum, entry) => sum + entry.transferSize, 0) };
  });
  await context.close();
  return found;
}

function gzippedBytes(page) {
  const names = readdirSync(page).filter((name) => name.endsWith(".gz"));
  return names.reduce((sum, name) => sum + statSync(join(page, name)).size, 0);
}

function say(what, unit, values) {
  const sorted = values.toSorted((one, other) => one - other);
  const [least, middle, most] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map(Math.round);
  console.log(`${what}: ${middle} ${unit} (${least} to ${most}, ${values.length} times)`);
}
