import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { splitWords } from "./spawn.ts";

describe("splitWords", () => {
  it("cuts a command as a shell does, with quotes and backslashes", () => {
    assert.deepEqual(splitWords(`llama-server  -m "my model.gguf" --port {port}`), [
      "llama-server",
      "-m",
      "my model.gguf",
      "--port",
      "{port}",
    ]);
    assert.deepEqual(splitWords(`a\\ b 'c "d"' "e \\"f\\"" g'h'i`), ["a b", 'c "d"', 'e "f"', "ghi"]);
    assert.deepEqual(splitWords("  "), []);
  });
});
