import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settingFlags } from "./setting-flags.ts";

describe("settingFlags", () => {
  it("puts each flag in the help where its setting belongs", () => {
    const groups = new Map(settingFlags("all").map(({ name, options }) => [name, options.group]));
    const named = ["slots", "max-download", "listen", "policy", "drain-timeout", "otlp", "metrics-compat"];
    assert.deepEqual(
      named.map((name) => groups.get(name)),
      ["Workers:", "Workers:", "Public port:", "Routing:", "Supervision:", "Operation:", "Operation:"],
    );
    assert.ok([...groups.values()].every((group) => group !== undefined));
  });
});
