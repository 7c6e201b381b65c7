import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RequestRecord } from "@drover/contract/request-record";
import { RecentRequests } from "./recent-requests.ts";

const recordOf = (id: string, status = 200) => ({ id, status }) as RequestRecord;

describe("the requests that have ended last", () => {
  it("are as many as the settings say, the newest first, and one id is one request", () => {
    let most = 2;
    const recent = new RecentRequests(() => most);
    for (const id of ["a", "b", "c"]) recent.add(recordOf(id));
    recent.add(recordOf("b", 500));
    assert.deepEqual(
      recent.last(10).map(({ id, status }) => [id, status]),
      [
        ["b", 500],
        ["c", 200],
      ],
    );
    assert.equal(recent.get("a"), undefined);
    most = 0;
    recent.add(recordOf("d"));
    assert.deepEqual(recent.last(10), []);
  });
});
