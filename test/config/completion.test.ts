import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Pasture } from "../support/drover-process.ts";

describe("drover completion", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("prints the script of the shell that is named, whichever it runs under", async () => {
    const [zsh, bash] = await Promise.all([
      pasture.run(["completion", "zsh"], { SHELL: "/bin/bash" }),
      pasture.run(["completion", "bash"], { SHELL: "/bin/zsh", ZSH_NAME: "zsh" }),
    ]);
    assert.match(zsh.stdout, /^#compdef drover/u);
    assert.match(bash.stdout, /complete .* drover\n/u);
  });

  it("refuses a shell that it knows no script of", async () => {
    const { code, stderr } = await pasture.run(["completion", "fish"]);
    assert.deepEqual([code, stderr], [2, 'drover: there is no completion for "fish"; give bash or zsh\n']);
  });
});
