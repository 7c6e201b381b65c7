import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadSettings } from "@drover/config";
import { diffSettings, keepSettings } from "./settings-change.ts";

const load = (flags: Readonly<Record<string, unknown>>) => loadSettings({ flags, environment: {} }).settings;

describe("diffSettings", () => {
  it("sorts what has changed by what it takes to apply it", () => {
    const after = load({ slots: "3", "queue-limit": "5", listen: "127.0.0.1:9", "api-key": ["a"] });
    assert.deepEqual(diffSettings(load({}), after), {
      live: ["apiKeys", "queue.limit"],
      roll: ["workers.slots"],
      restart: ["listen"],
    });
  });

  it("leaves it to a restart to begin or end with TLS, and takes another certificate at once", () => {
    const [plain, one, other] = ["", "one.pem", "other.pem"].map((file) =>
      load(file === "" ? {} : { "tls-certificate": file, "tls-key": file }),
    );
    assert.ok(plain && one && other);
    const tls = ["tls.certificate", "tls.key"];
    assert.deepEqual(diffSettings(plain, one), { live: [], roll: [], restart: tls });
    assert.deepEqual(diffSettings(one, plain), { live: [], roll: [], restart: tls });
    assert.deepEqual(diffSettings(one, other), { live: tls, roll: [], restart: [] });
  });

  it("finds nothing between two readings of the same", () => {
    assert.deepEqual(diffSettings(load({ slots: "3" }), load({ slots: "3" })), { live: [], roll: [], restart: [] });
  });
});

describe("keepSettings", () => {
  it("leaves some settings as they were, and changes neither set", () => {
    const [before, after] = [load({}), load({ slots: "3", "queue-limit": "5", model: "other.gguf" })];
    const kept = keepSettings(before, after, ["model", "workers.slots"]);
    assert.deepEqual(diffSettings(before, kept), { live: ["queue.limit"], roll: [], restart: [] });
    assert.deepEqual(diffSettings(kept, after).roll, ["model", "workers.slots"]);
  });
});
