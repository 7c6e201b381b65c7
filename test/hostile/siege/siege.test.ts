import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runSiege } from "./siege.ts";

describe("a short siege", () => {
  it("harms no honest client: nothing fails, no worker is replaced, nothing is left behind", async () => {
    const { harm, honest, attacks } = await runSiege({ seconds: 2, seed: 11 });
    // How long requests take is the command's to judge, on a machine that does nothing else.
    assert.deepEqual(
      harm.filter((one) => !one.includes("delayed")),
      [],
    );
    assert.ok(honest.count > 0);
    assert.ok(Object.keys(attacks).length >= 16, JSON.stringify(attacks));
  });
});
