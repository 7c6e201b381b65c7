import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RequestRecord } from "@drover/contract/request-record";
import { RecentRequests } from "./recent-requests.ts";

const recordOf = (id: string, status = 200) => ({ id, status }) as RequestRecord;

describe("the requests that have ended last", () => {
  it("are as many as the settings say, the newest first", () => {
    let most = 2;
    const recent = new RecentRequests(() => most);
    const seen = () => recent.last(10).map(({ id, status }) => [id, status]);
    for (const id of ["a", "b", "c"]) recent.add(recordOf(id));
    assert.deepEqual(seen(), [
      ["c", 200],
      ["b", 200],
    ]);
    recent.add(recordOf("c", 500));
    assert.equal(recent.get("c")?.status, 500, "of two with one id the last");
    assert.equal(recent.get("b"), undefined);
    for (let more = 0; more < 1000; more += 1) recent.add(recordOf(`${more}`));
    assert.deepEqual(seen(), [
      ["999", 200],
      ["998", 200],
    ]);
    assert.deepEqual(
      recent.last(1).map(({ id }) => id),
      ["999"],
    );
    most = 0;
    recent.add(recordOf("d"));
    assert.deepEqual(seen(), []);
    most = 10;
    assert.deepEqual(seen(), [], "none was kept while none was wanted");
  });
});
