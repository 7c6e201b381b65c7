import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { generatedConfigFiles } from "./generate-docs.ts";
import { defaultSettings, loadSettings } from "./load.ts";
import { environmentName } from "./setting.ts";
import { settingsTable } from "./settings.ts";

const root = new URL("../../", import.meta.url).pathname;

describe("the files that come from the settings table", () => {
  for (const { path, text } of generatedConfigFiles())
    it(`${path} is committed as the table yields it (else: pnpm docs:generate)`, () => {
      assert.equal(readFileSync(join(root, path), "utf8"), text);
    });

  it("document the doc line, variable and flag of every setting", () => {
    const docs = generatedConfigFiles().find(({ path }) => path.endsWith(".md"))?.text ?? "";
    for (const row of settingsTable) {
      assert.ok(docs.includes(row.doc), row.path);
      assert.ok(docs.includes(`\`${environmentName(row)}\``), row.path);
      if ("flag" in row) assert.ok(docs.includes(`\`--${row.flag}\``), row.path);
    }
  });

  it("give an example file that loads and sets every setting to its default", () => {
    const text = generatedConfigFiles().find(({ path }) => path.endsWith(".yaml"))?.text ?? "";
    const folder = mkdtempSync(join(tmpdir(), "drover-example-"));
    try {
      const file = join(folder, "drover.yaml");
      writeFileSync(file, text);
      const { settings, sources } = loadSettings({ flags: {}, environment: {}, file });
      assert.deepEqual(settings, defaultSettings());
      for (const row of settingsTable)
        assert.equal(sources.get(row.path), row.default === undefined ? "default" : "file", row.path);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the settings table", () => {
  it("has no path, flag, letter or variable twice", () => {
    const names = [
      ...settingsTable.map((row) => row.path),
      ...settingsTable.flatMap((row) => (row.flag === undefined ? [] : [`--${row.flag}`])),
      ...settingsTable.flatMap((row) => (row.alias === undefined ? [] : [`-${row.alias}`])),
      ...settingsTable.map((row) => environmentName(row)),
    ];
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  });
});
