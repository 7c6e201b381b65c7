import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { loadSettings } from "./load.ts";
import { settingsTable } from "./index.ts";
import { workerSettingPaths, workerSettings, workerSettingSchemas } from "./worker-settings.ts";

describe("the settings of a worker", () => {
  it("reach it by the name that their row says, with the value that the user gave or the default", () => {
    const { settings } = loadSettings({ flags: { speculate: "lookup", "longest-pause": "2s" }, environment: {} });
    const options: Readonly<Record<string, unknown>> = workerSettings(settings);
    assert.deepEqual([options["speculate"], options["longestPauseMs"], options["batchTokens"]], ["lookup", 2000, 512]);
    const named = settingsTable.flatMap(({ worker }) => worker ?? []);
    assert.deepEqual(Object.keys(options), named);
    assert.equal(workerSettingPaths.length, named.length);
  });

  it("are checked by their rows in the worker too, and have the same defaults there", () => {
    const schemas: Readonly<Record<string, { safeParse(value: unknown): { success: boolean; data?: unknown } }>> =
      workerSettingSchemas(z);
    const { settings } = loadSettings({ flags: {}, environment: {} });
    for (const [name, value] of Object.entries(workerSettings(settings))) {
      assert.deepEqual(schemas[name]?.safeParse(value), { success: true, data: value }, name);
      assert.deepEqual(schemas[name]?.safeParse(undefined), { success: true, data: value }, name);
    }
    assert.equal(schemas["speculate"]?.safeParse("always").success, false);
  });
});
