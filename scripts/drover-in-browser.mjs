// What the scripts that look at the console begin with: a Drover, and a browser.

const load = async (path) => await import(new URL(`../${path}`, import.meta.url).href);

/** With these further flags; all of its workers are ready. See `DroverServer` of @drover/bench. */
export async function startDrover(...args) {
  const { startDrover: start } = await load("packages/bench/dist/index.js");
  const { systemClock: clock } = await load("packages/foundation/dist/clock.js");
  const bin = new URL("../packages/cli/bin/drover.js", import.meta.url).pathname;
  return await start({ bin, args, clock, signal: new AbortController().signal });
}

export async function openBrowser() {
  const { chromium } = await load("tools/node_modules/playwright-core/index.mjs");
  return await chromium.launch({ args: ["--no-sandbox", "--headless"], executablePath: "/usr/bin/chromium" });
}
