import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { takeListenFds } from "./sockets.ts";

describe("takeListenFds", () => {
  it("yields every socket, from descriptor 3 on, and hides the variables from children", () => {
    const environment = { LISTEN_FDS: "2", LISTEN_PID: "77", LISTEN_FDNAMES: "public:metrics", HOME: "/" };
    assert.deepEqual(takeListenFds(environment, 77), [3, 4]);
    assert.deepEqual(environment, { HOME: "/" });
  });

  it("takes none that are meant for another process, and hides them too", () => {
    const environment = { LISTEN_FDS: "1", LISTEN_PID: "76" };
    assert.deepEqual(takeListenFds(environment, 77), []);
    assert.deepEqual(environment, {});
  });

  it("takes none without systemd, and none for a count that is none", () => {
    assert.deepEqual(takeListenFds({}, 77), []);
    for (const LISTEN_FDS of ["0", "-1", "many", ""])
      assert.deepEqual(takeListenFds({ LISTEN_FDS, LISTEN_PID: "77" }, 77), []);
  });
});
