import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync } from "node:fs";
import { describe, it } from "node:test";
import { journalLine, journalPrefix, leadsToJournal, prioritized } from "./journal.ts";

describe("journald", () => {
  it("is given each level as syslog's priority", () => {
    assert.deepEqual(
      [10, 20, 30, 40, 50, 60].map((level) => journalPrefix(level)),
      ["<7>", "<7>", "<6>", "<4>", "<3>", "<2>"],
    );
  });

  it("gets one line with the worker's name, the message and what else is known", () => {
    const line = journalLine(
      '{"level":40,"time":1,"worker":"2","event":"hung","msg":"ready -> backoff\\nno heartbeat"}\n',
    );
    assert.equal(line, '<4>worker 2: ready -> backoff | no heartbeat {"event":"hung"}\n');
    assert.equal(journalLine('{"level":30,"time":1,"msg":"serving"}\n'), "<6>serving\n");
  });

  it("gets a JSON line whole, behind its priority", () => {
    assert.equal(prioritized('{"level":50,"msg":"x"}\n'), '<3>{"level":50,"msg":"x"}\n');
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
