import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { splitArguments } from "./split-arguments.ts";

describe("splitArguments", () => {
  it("cuts a command as a shell does, with quotes and backslashes", () => {
    assert.deepEqual(splitArguments(`llama-server  -m "my model.gguf" --port {port}`), [
      "llama-server",
      "-m",
      "my model.gguf",
      "--port",
      "{port}",
    ]);
    assert.deepEqual(splitArguments(`a\\ b 'c "d"' "e \\"f\\"" g'h'i`), ["a b", 'c "d"', 'e "f"', "ghi"]);
    assert.deepEqual(splitArguments("  "), []);
  });
});
