import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { prettyLine } from "./pretty-line.ts";

const show = (entry: object) =>
  prettyLine(false)(JSON.stringify({ level: 40, time: 0, ...entry })).replace(/^\[.*?\] /, "");

describe("prettyLine", () => {
  it("says a change of state once", () => {
    const change = { worker: "1", from: "ready", to: "backoff", event: "crashed", reason: "killed by SIGKILL" };
    const line = show({ ...change, msg: "ready -> backoff (killed by SIGKILL)" });
    assert.equal(line, "WARN: worker 1: ready -> backoff (killed by SIGKILL)\n");
  });

  it("keeps the fields of every other line", () => {
    assert.equal(show({ reason: "timeout", msg: "taken out" }), 'WARN: taken out {"reason":"timeout"}\n');
  });

  it("sends no control character of another program to the terminal", () => {
    assert.equal(show({ msg: "a model \u001b[31mof mine" }), "WARN: a model \\x1b[31mof mine\n");
  });
});
