import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { goneBefore } from "./launcher.ts";

const npx = "npm exec pnpm@12.21.0 start";
const pnpm = "pnpm start";
const shells = ["sh -c node scripts/build.mjs && exec drover up", "sh -c trap '' INT TERM HUP"];
const init = { pid: 1, command: "/sbin/init" };

function gone(commands: readonly string[], above = init, isByNpx = true): string | undefined {
  return goneBefore(
    commands.map((command) => ({ command })),
    above,
    isByNpx,
  );
}

describe("a drover that pnpm start has built and started", () => {
  it("knows that pnpm, or npx above it, was killed meanwhile", () => {
    assert.equal(gone([]), "pnpm");
    assert.equal(gone(shells), "pnpm");
    assert.equal(gone([...shells, pnpm]), "npx");
    assert.equal(gone([pnpm, "sh -c pnpm start"], { pid: 900, command: "/lib/systemd/systemd --user" }), "npx");
  });

  it("misses nobody where all are there, in a service and below a container's first process too", () => {
    assert.equal(gone([...shells, pnpm, npx]), undefined);
    assert.equal(gone([...shells, pnpm], init, false), undefined);
    assert.equal(gone([pnpm], { pid: 1, command: npx }), undefined);
    assert.equal(gone([], { pid: 1, command: "node /usr/bin/pnpm start" }, false), undefined);
    assert.equal(gone([], { pid: 77, command: "node server-of-another-project.js" }), undefined);
  });
});
