import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { KeyLimits } from "./key-limits.ts";
import { readKeys } from "./keys.ts";
import { goDuration } from "./rate-limit-fields.ts";

const aKeys = { generates: true, hasKey: true };
const unlimited = { requestsPerMinute: 0, tokensPerMinute: 0, tokensPerDay: 0, concurrency: 0 };

function entered(limits: KeyLimits, owner: string, rules: Partial<typeof unlimited>) {
  const entry = limits.enter(owner, { ...unlimited, ...rules }, aKeys);
  if (entry.kind === "refused") throw new Error(entry.reason);
  return entry;
}

describe("limits in tokens", () => {
  it("let a key in until they are used up, and again after their time, each key by itself", () => {
    const clock = createManualClock();
    const limits = new KeyLimits(clock);
    const rules = { tokensPerMinute: 1000 };
    entered(limits, "one", rules).settle(999);
    entered(limits, "one", rules).settle(1);
    const refused = limits.enter("one", { ...unlimited, ...rules }, aKeys);
    assert.deepEqual([refused.kind, "reason" in refused && refused.reason], ["refused", "tokensPerMinute"]);
    assert.equal(
      refused.fields.join(" "),
      "x-ratelimit-limit-tokens 1000 x-ratelimit-remaining-tokens 0 x-ratelimit-reset-tokens 1m0s",
    );
    entered(limits, "other", rules).settle(5);
    assert.equal(
      limits.enter("one", { ...unlimited, ...rules }, { ...aKeys, generates: false }).kind,
      "entered",
      "it takes no tokens",
    );
    clock.setEpochMs(1e12);
    assert.equal(limits.enter("one", { ...unlimited, ...rules }, aKeys).kind, "refused", "whatever the date is");
    clock.advance(60_000);
    entered(limits, "one", rules);
  });

  it("hold for requests that run as well, as what requests usually take, and for those of which nothing is heard", () => {
    const limits = new KeyLimits(createManualClock());
    const rules = { ...unlimited, tokensPerDay: 1000 };
    const runs = Array.from({ length: 20 }, () => limits.enter("one", rules, aKeys));
    const running = runs.filter(({ kind }) => kind === "entered");
    assert.ok(running.length < 5, `${running.length} at once`);
    for (const entry of running) if (entry.kind === "entered") entry.settle(undefined);
    assert.equal(limits.enter("one", rules, aKeys).kind, "refused");
    for (const entry of running) if (entry.kind === "entered") entry.settle(0);
    assert.equal(limits.enter("one", rules, aKeys).kind, "entered", "they came to nothing");
  });

  it("are told of by the one that is closer to its end, beside those in requests", () => {
    const limits = new KeyLimits(createManualClock());
    const rules = { tokensPerMinute: 1000, tokensPerDay: 2000, requestsPerMinute: 10 };
    entered(limits, "one", rules).settle(500);
    const { fields } = entered(limits, "one", { ...rules, tokensPerMinute: 5000 });
    const told = Object.fromEntries(
      fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1]]] : [])),
    );
    assert.equal(told["x-ratelimit-limit-tokens"], "2000");
    assert.equal(told["x-ratelimit-remaining-tokens"], "1000", "this one counts as the one before took");
    assert.equal(told["x-ratelimit-remaining-requests"], "8");
    assert.equal(told["x-ratelimit-reset-tokens"], "24h0m0s");
  });

  it("count nothing of an address that has no limit, and of a key all", () => {
    const limits = new KeyLimits(createManualClock());
    for (const hasKey of [false, true]) {
      const owner = hasKey ? "key" : "address";
      const entry = limits.enter(owner, { ...unlimited, requestsPerMinute: 5 }, { generates: true, hasKey });
      if (entry.kind === "entered") entry.settle(70);
    }
    assert.equal(limits.useOf("address", unlimited).tokensPerDay.used, 0);
    assert.equal(limits.useOf("address", unlimited).requestsPerMinute.used, 1);
    assert.equal(limits.useOf("key", unlimited).tokensPerDay.used, 70);
  });

  it("write times as Go does", () => {
    assert.deepEqual([0.2, 999, 1000, 59_001, 61_000, 3_600_000].map(goDuration), [
      "1ms",
      "999ms",
      "1s",
      "1m0s",
      "1m1s",
      "1h0m0s",
    ]);
  });
});

describe("a keys file in YAML", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-keys-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "keys");
  const read = (text: string) => {
    writeFileSync(file, text);
    return readKeys({ keys: ["first=of-the-settings"], file });
  };

  it("gives each key limits of its own", () => {
    const ring = read(
      "# the team\nkeys:\n  team: { key: s3cret-1, tokensPerDay: 1000, concurrency: 0 }\n  ci: s3cret-2\n",
    );
    const caller = (key: string) => ring.callerOf({ authorization: `Bearer ${key}` });
    assert.deepEqual(caller("s3cret-1")?.limits, { tokensPerDay: 1000, concurrency: 0 });
    assert.deepEqual([caller("s3cret-2")?.label, caller("s3cret-2")?.limits], ["ci", {}]);
    assert.deepEqual(
      ring.callers.map(({ label }) => label),
      ["first", "team", "ci"],
    );
  });

  it("is refused by place and reason, without a word of a key", () => {
    const problems = {
      "keys:\n  team: { key: s3cret-1, tokensPerDay: -1 }": /tokensPerDay of team has to be a whole number/,
      "keys:\n  team: { key: s3cret-1, tokensPerDai: 1 }": /team has an unknown limit tokensPerDai; known are/,
      "keys:\n  team: { tokensPerDay: 1 }": /team has no key/,
      "keys: [s3cret-1]": /"keys" has to hold a row for each label/,
      "keys:": /"keys" has to hold a row for each label/,
      "keys: {}": /has no API key/,
      "keys:\n  a: &row { key: s3cret-1 }\n  b: *row": /aliases \(\*name\) are not read here/,
      [`keys: ${"[".repeat(20_000)}`]: /nested deeper than 64 levels/,
      "keys:\n  team: { key: [s3cret-1 }": /:2: this is no YAML/,
      "keys:\n  team: { key: s3cret-1 }\nkey: s3cret-2": /unknown name key/,
      "keys:\n  'no label': { key: s3cret-1 }": /has a label/,
    };
    for (const [text, message] of Object.entries(problems)) {
      assert.throws(
        () => read(text),
        (error: Error) => message.test(error.message) && !error.message.includes("s3cret"),
        text,
      );
    }
    assert.equal(read("keys=not-yaml-1\n").callerOf({ "x-api-key": "not-yaml-1" })?.label, "keys");
  });
});
