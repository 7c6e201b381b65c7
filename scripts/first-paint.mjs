// How long the console takes to its first paint from a cold cache: in a new profile each time, with one Drover that serves the demo model. Prints
// the browser's own figures, the bytes that came, and what all files of the page take. Needs a build, `pnpm tools` and Chromium. usage: node scripts/first-paint.mjs [TIMES]
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBrowser, startDrover } from "./drover-in-browser.mjs";

const times = Number(process.argv[2] ?? 9);
const drover = await startDrover("--workers=1", "--threads=1", "--slots=2");
const { url } = drover;
const browser = await openBrowser();
try {
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
  console.log(
    `all files of the page, gzipped: ${gzippedBytes(fileURLToPath(new URL("../packages/console/dist/page", import.meta.url)))} bytes`,
  );
} finally {
  await browser.close();
  await drover.stop();
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
