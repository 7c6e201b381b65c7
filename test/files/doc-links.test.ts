import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";

const root = new URL("../../../", import.meta.url).pathname;
const pages = [".", "docs", "config/files"].flatMap((folder) =>
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
});
