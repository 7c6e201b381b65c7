import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Pasture } from "../support/drover-process.ts";

/** Each takes as long to load as Node to start, or longer. */
const heavy = /node_modules\/(?:zod|undici|prom-client|pino|execa|http-proxy-3|yaml)\//;

describe("what a short command loads", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  /** Node's own record of the files that it loads. */
  const loading = async (...words: readonly string[]) =>
    (await pasture.run(words, { NODE_DEBUG: "esm,module" })).stderr;

  it("is nothing of what checks settings, serves or measures", async () => {
    assert.match(await loading("check"), heavy, "what a long one loads is seen");
    for (const word of ["--version", "--help", "status", "stop"]) assert.doesNotMatch(await loading(word), heavy, word);
    for (const words of [["--version"], ["--help"], ["status"], ["status", "--json"], ["stop"]])
      assert.doesNotMatch(await loading(...words), /node_modules\/yargs\//, words.join(" "));
  });
});
