import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync } from "node:fs";
import { describe, it } from "node:test";
import { journalPrefix, leadsToJournal } from "./journal.ts";

describe("journald", () => {
  it("is given each level as syslog's priority", () => {
    assert.deepEqual(
      [10, 20, 30, 40, 50, 60].map((level) => journalPrefix(level)),
      ["<7>", "<7>", "<6>", "<4>", "<3>", "<2>"],
    );
  });

  it("is at the end of a descriptor only if its device and inode are those of JOURNAL_STREAM", () => {
    const fd = openSync("/dev/null", "r");
    try {
      const { dev, ino } = fstatSync(fd);
      assert.equal(leadsToJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, fd), true);
      assert.equal(leadsToJournal({ JOURNAL_STREAM: `${dev}:${ino + 1}` }, fd), false);
      assert.equal(leadsToJournal({}, fd), false);
    } finally {
      closeSync(fd);
    }
  });
});
