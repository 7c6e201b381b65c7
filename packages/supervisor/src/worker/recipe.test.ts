import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadSettings } from "@drover/config";
import { workerFingerprint } from "./recipe.ts";

const load = (flags: Readonly<Record<string, unknown>>) => loadSettings({ flags, environment: {} }).settings;

describe("workerFingerprint", () => {
  it("changes with what a worker is started from, and not with their number or with what is live", () => {
    const plain = workerFingerprint(load({}));
    assert.notEqual(workerFingerprint(load({ ctx: "512" })), plain);
    assert.equal(workerFingerprint(load({ workers: "7", "queue-limit": "1" })), plain);
  });
});
