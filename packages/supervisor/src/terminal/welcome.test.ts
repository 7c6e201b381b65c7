import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { programName, realModelHint, welcomeText } from "./welcome.ts";

describe("the welcome", () => {
  it("names the program as the user can call it, by pnpm start or from the PATH", () => {
    const welcome = { url: "http://127.0.0.1:8080", isDemo: true, hasKeys: false };
    const cloned = { ...welcome, program: programName({ npm_lifecycle_event: "start" }) };
    assert.match(welcomeText(cloned), /^  \.\/node_modules\/\.bin\/drover up --model FILE\.gguf$/m);
    assert.match(realModelHint(cloned).realModel ?? "", /^\.\/node_modules\/\.bin\/drover up/);
    assert.match(welcomeText({ ...welcome, program: programName({}) }), /^  drover up --model FILE\.gguf$/m);
  });
});
