import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { loadSettings } from "@drover/config";
import { checkSettings } from "@drover/supervisor/application";

const root = new URL("../../../", import.meta.url).pathname;
const pages = [".", "docs", "docs/zh", "config/files"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(root, folder, name)),
);

describe("the documentation", () => {
  it("links to files that exist", () => {
    const broken = pages.flatMap((page) => {
      const targets = [...readFileSync(page, "utf8").matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(
        ([, target]) => target,
      );
      return targets
        .filter((target) => target !== undefined && !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(dirname(page), target ?? "")))
        .map((target) => `${relative(root, page)}: ${target}`);
    });
    assert.deepEqual(broken, []);
  });

  it("names only commands of package.json's scripts", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
    const own = new Set(["install", "exec", "add", ...Object.keys(scripts)]);
    const unknown = pages.flatMap((page) =>
      [...readFileSync(page, "utf8").matchAll(/(?:pnpm@[\d.]+|`pnpm) ([a-z][\w:-]*)/g)]
        .map(([, script = ""]) => script)
        .filter((script) => !own.has(script))
        .map((script) => `${relative(root, page)}: pnpm ${script}`),
    );
    assert.deepEqual(unknown, []);
  });

  it("starts drover with flags that it takes, but for the model, which the reader has", async () => {
    const lines = new Set(pages.flatMap((page) => blocksOf(page, "sh")).flatMap(startsIn));
    assert.ok(lines.size >= 4, [...lines].join("\n"));
    for (const line of lines) await assert.doesNotReject(checkFlags({ ...flagsOf(line), model: "demo" }), line);
  });

  it("has settings and keys in files that drover reads", async (t) => {
    const path = join(folderFor(t), "written.yaml");
    const texts = pages.flatMap((page) => blocksOf(page, "yaml"));
    assert.ok(texts.length >= 4);
    for (const text of texts) {
      writeFileSync(path, text);
      if (text.startsWith("keys:"))
        await assert.doesNotReject(checkFlags({ "api-keys-file": path, model: "demo" }), text);
      else assert.doesNotThrow(() => loadSettings({ flags: {}, environment: {}, file: path }), text);
    }
  });
});

/** What stands between fences of this language. */
function blocksOf(page: string, language: string): readonly string[] {
  const fenced = readFileSync(page, "utf8").matchAll(/^```(\w+)\n(.*?)^```/gmsu);
  return Array.from(fenced, ([, name, text = ""]) => (name === language ? text : "")).filter((text) => text !== "");
}

/** Lines that start a service, without their comments. */
function startsIn(text: string): readonly string[] {
  const lines = text.replaceAll(/\\\n\s*/gu, "").split("\n");
  return lines.filter((line) => /(?:^|\/)drover up /u.test(line)).map((line) => line.replace(/\s+#.*$/u, ""));
}

function flagsOf(line: string): Readonly<Record<string, string>> {
  const [, words = ""] = line.split("drover up ");
  return Object.fromEntries(Array.from(words.matchAll(/--([\w-]+) (\S+)/gu), ([, name, value]) => [name, value]));
}

async function checkFlags(flags: Readonly<Record<string, string>>): Promise<void> {
  await checkSettings(loadSettings({ flags, environment: {} }).settings, process.env);
}

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "drover-documentation-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
