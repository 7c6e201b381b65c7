import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hideSecrets } from "./hide-secrets.ts";
import { loadSettings } from "./load.ts";

describe("hideSecrets", () => {
  it("shows every setting but the secret ones, and no password of a URL", () => {
    const { settings } = loadSettings({
      flags: {
        "api-key": ["team=SECRET-ONE", "SECRET-TWO"],
        "admin-key": "SECRET-THREE",
        upstream: ["http://user:SECRET-FOUR@127.0.0.1:1"],
        "queue-limit": "7",
      },
      environment: {},
      file: undefined,
    });
    const text = JSON.stringify(hideSecrets(settings));
    assert.doesNotMatch(text, /SECRET/);
    assert.match(text, /"limit":7/);
    assert.match(text, /"apiKeys":\["\(hidden\)","\(hidden\)"\]/);
    assert.match(JSON.stringify(settings), /SECRET-ONE/);
  });
});
