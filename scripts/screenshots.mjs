// Takes the pictures of the console in docs/images from a running Drover: a model that writes Markdown, some load, a killed worker.
// Needs a build, `pnpm tools` and Chromium. usage: node scripts/screenshots.mjs [FOLDER]
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openBrowser, startDrover } from "./drover-in-browser.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));
const { writeDemoModel } = await import(pathToFileURL(join(here, "packages/models/dist/index.js")).href);

const target = process.argv[2] ?? join(here, "docs/images");
mkdirSync(target, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "drover-screenshots-"));

const CODE = `\`\`\`python
def odd_sum(count):
    return sum(range(1, 2 * count, 2))

assert odd_sum(100) == 10_000
\`\`\`
`;

/** What the model says; each word once, since the next one follows from the last alone. */
const english = {
  thought:
    "\nThe question is about the sum of the first n odd numbers. Small cases: 1, then 4, 9, 16 come out, so squares are likely; a picture proves it.\n",
  answer: `

The sum of the first $n$ odd numbers is **a perfect square**:

$$\\sum_{k=1}^{n} (2k-1) = n^2$$

Each new number wraps one more corner around what was there before. To check it:

${CODE}`,
};
const chinese = {
  thought: "\n用户想知道前n个奇数之和。试几项：一、四九十六，看来是平方；可用图形证明。\n",
  answer: `

从小到大相加，结果恰好为**完全平方数**：

$$\\sum_{k=1}^{n} (2k-1) = n^2$$

每加入新的奇数，就像给正方形包上拐角。验证如下：

${CODE}`,
};

const ADMIN_KEY = "only-for-the-pictures";
const desk = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const browser = await openBrowser();
try {
  await withDrover(english, async ({ url, killBusy }) => {
    await chat({ ...desk, locale: "en-US" }, url, "What is the sum of the first n odd numbers?", "chat");
    await chat({ ...desk, locale: "en-US", colorScheme: "dark" }, url, "And why is that so?", "chat-dark");
    await chat(
      { ...phone, locale: "en-US", colorScheme: "dark" },
      url,
      "What is the sum of the first n odd numbers?",
      "phone",
    );
    await fleet({ ...desk, locale: "en-US" }, url, killBusy, "fleet");
    await fleet({ ...phone, locale: "en-US" }, url, killBusy, "fleet-phone");
    await requests({ ...desk, locale: "en-US" }, url, "requests");
    await requests({ ...phone, locale: "en-US", colorScheme: "dark" }, url, "requests-phone");
  });
  await withDrover(chinese, async ({ url, killBusy }) => {
    await chat({ ...desk, locale: "zh-CN" }, url, "前 n 个奇数的和是多少？", "chat-zh");
    await fleet({ ...desk, locale: "zh-CN", colorScheme: "dark" }, url, killBusy, "fleet-zh");
  });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

async function withDrover(text, use) {
  const model = join(folder, "model.gguf");
  await writeDemoModel(model, text);
  const shape = ["--workers=2", "--threads=1", "--slots=4", "--ctx=1024", "--worker-port=18600"];
  const drover = await startDrover(`--model=${model}`, ...shape, `--admin-key=${ADMIN_KEY}`);
  const { url } = drover;
  try {
    await use({ url, killBusy: async () => process.kill((await state(url)).workers[1].pid, "SIGKILL") });
  } finally {
    await drover.stop();
  }
}

async function chat(options, url, question, name) {
  const page = await open(options, url);
  await page.locator("#message").fill(question);
  await page.locator("#message").press("Enter");
  await page.locator(".figures").waitFor();
  await page.locator("math").first().waitFor();
  await page.locator(".token-kwd").first().waitFor();
  await page.mouse.move(0, 0);
  await save(page, name);
}

async function fleet(options, url, killBusy, name) {
  const page = await open(options, `${url}/#/fleet`);
  await page.locator("article.worker").first().waitFor();
  const load = startLoad(url);
  await page.waitForTimeout(20_000);
  await killBusy();
  await page.locator(".changes", { hasText: "SIGKILL" }).waitFor();
  await until(async () => (await state(url)).workers.every((worker) => worker.state === "ready"));
  await page.waitForTimeout(8000);
  await save(page, name);
  await load.stop();
}

/** What who has the admin key sees besides: the last requests, and how one of them went. */
async function requests(options, url, name) {
  const page = await open(options, `${url}/#/fleet`);
  await page.evaluate((key) => sessionStorage.setItem("drover.admin-key", key), ADMIN_KEY);
  await page.reload();
  const explain = page.locator(".requests li", { hasText: "/v1/chat/completions" }).first().locator("button");
  await explain.scrollIntoViewIfNeeded();
  await page.locator(".requests").evaluate((section) => section.scrollIntoView());
  await picture(page, name);
  await explain.click();
  await page.locator(".explanation", { hasText: "given to" }).waitFor();
  await save(page, `${name}-explain`);
}

async function open(options, address) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

async function save(page, name) {
  await picture(page, name);
  await page.context().close();
}

async function picture(page, name) {
  await page.screenshot({ path: join(target, `${name}.png`) });
  process.stdout.write(`${join(target, name)}.png\n`);
}

/** Nine users who ask again and again. */
function startLoad(url) {
  const end = new AbortController();
  const user = async (index) => {
    while (!end.signal.aborted) {
      const content = `user ${index} ${"asks for more ".repeat(Math.floor(Math.random() * 60))}`;
      const body = JSON.stringify({ messages: [{ role: "user", content }], max_tokens: 900, ignore_eos: true });
      const headers = { "content-type": "application/json" };
      await (await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body })).text();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2000));
    }
  };
  const users = Array.from({ length: 9 }, (_, index) => user(index).catch(() => undefined));
  return {
    stop: async () => {
      end.abort();
      await Promise.all(users);
    },
  };
}

async function state(url) {
  return (await fetch(`${url}/console/state`)).json();
}

async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 100));
}
