import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadSettings } from "@drover/config";
import { missingHere } from "./missing-programs.ts";

const load = (flags: Readonly<Record<string, unknown>>) => loadSettings({ flags, environment: {} }).settings;

describe("missingHere", () => {
  it("says nothing where everything is there", () => {
    assert.deepEqual(
      missingHere(load({}), () => true, undefined),
      [],
    );
  });

  it("says what does not work for want of a program or of shared memory, and not what was not asked for", () => {
    const all = missingHere(load({}), () => false, "/dev/shm is too small").join("\n");
    assert.match(all, /not held.*taskset/);
    assert.match(all, /SIGKILL.*setpriv/);
    assert.match(all, /streams end with their worker.*: \/dev\/shm is too small/);
    const none = load({ pin: false, snapshots: "off" });
    assert.deepEqual(
      missingHere(none, (program) => program === "setpriv", "it is off"),
      [],
    );
  });
});
