import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LookUp, whyUnreadable } from "./readable.ts";

const SYSTEMDS_OWN = { uid: undefined, gids: [] };
const LLM = { uid: 900, gids: [900, 110] };

/** Everything not named is a folder of root's that all may enter. */
function disk(
  entries: Readonly<Record<string, { uid?: number; gid?: number; mode: number; leadsTo?: string }>>,
): LookUp {
  return (path) => {
    const { uid = 0, gid = 0, mode = 0o755, leadsTo = path } = entries[path] ?? {};
    return path === "/nowhere" ? undefined : { uid, gid, mode, realPath: leadsTo };
  };
}

describe("whether a service may read a file", () => {
  it("goes by owner, group and others, as the kernel does", () => {
    const lookUp = disk({ "/etc/key": { gid: 110, mode: 0o640 }, "/etc/own": { uid: 900, gid: 110, mode: 0o040 } });
    assert.equal(whyUnreadable("/etc/key", LLM, lookUp), undefined);
    assert.equal(whyUnreadable("/etc/key", SYSTEMDS_OWN, lookUp), "/etc/key (mode 640) is not for it to read");
    assert.match(whyUnreadable("/etc/own", LLM, lookUp) ?? "", /mode 040/);
    assert.equal(whyUnreadable("/etc/own", { uid: 0, gids: [0] }, lookUp), undefined);
  });

  it("asks for every folder on the way, also behind a link", () => {
    const lookUp = disk({
      "/home/me": { uid: 1000, mode: 0o700 },
      "/etc/live/key": { mode: 0o644, leadsTo: "/etc/archive/key1" },
      "/etc/archive": { mode: 0o700 },
    });
    assert.equal(whyUnreadable("/home/me/key", LLM, lookUp), "/home/me, which /home/me/key lies in, is closed to it");
    assert.match(whyUnreadable("/etc/live/key", LLM, lookUp) ?? "", /^\/etc\/archive, which/);
    assert.equal(whyUnreadable("/nowhere", LLM, lookUp), "/nowhere does not exist");
  });
});
