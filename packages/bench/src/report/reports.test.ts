import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sampleCompare } from "../test-support/sample-compare.ts";
import { sampleReport } from "../test-support/sample-report.ts";
import { createAxis } from "./charts/axis.ts";
import { benchCsv, compareCsv } from "./csv.ts";
import { benchPage } from "./bench-page.ts";
import { benchTable } from "./bench-table.ts";
import { requireWritable, writeReport } from "./write-report.ts";

describe("the reports", () => {
  it("say how many users are carried, and why requests failed", () => {
    const text = benchTable(sampleReport());
    assert.match(text, /carries 2 users at p95<10s/);
    assert.match(text, /4 users: 3 x http-503: busy/);
    assert.match(text, /1 user /);
  });

  it("fit a terminal of 80 columns as several tables, each naming its rows", () => {
    const [wide, narrow] = [benchTable(sampleReport()), benchTable(sampleReport(), 80)].map(rowsOf);
    assert.ok(wide?.some((row) => row.length > 80));
    assert.ok(narrow?.every((row) => row.length <= 80));
    for (const title of ["tokens/s in", "RSS", "TTFT p50", "ITL p99"])
      assert.equal(narrow?.filter((row) => row.includes(`${title} │`)).length, 1);
    for (const row of narrow ?? []) assert.match(row, /^│ (?:load|\d users?) /u);
  });

  it("the csv has one line a step, quotes what needs it, and leaves unmeasured cells empty", () => {
    const lines = benchCsv(sampleReport()).trimEnd().split("\r\n");
    assert.equal(lines.length, 4);
    const columns = lines[0]?.split(",") ?? [];
    const last = lines[3]?.split(",") ?? [];
    assert.equal(last[columns.indexOf("failed")], "3");
    assert.equal(last[columns.indexOf("response_p95_ms")], "");
    assert.equal(last[columns.indexOf("reasons")], "http-503=3");
  });

  it("a comparison's csv has a line for each side in each round at each load", () => {
    const lines = compareCsv(sampleCompare({ 1: [2, 1], 4: [3, 1] }))
      .trimEnd()
      .split("\r\n");
    const columns = lines[0]?.split(",") ?? [];
    const rows = lines.slice(1).map((line) => line.split(","));
    const wanted = ["side", "round", "users", "requests_per_s"].map((name) => columns.indexOf(name));
    assert.deepEqual(
      rows.map((row) => wanted.map((index) => row[index]).join(" ")),
      ["drover 1 1 2", "drover 1 4 3", "llama-server 1 1 1", "llama-server 1 4 1"],
    );
  });

  it("the page needs nothing from outside, escapes what servers said, and draws every plot", () => {
    const page = benchPage(sampleReport());
    assert.doesNotMatch(page, /(src|href)=|@import|url\(|<script(?! type="application\/json")/);
    assert.doesNotMatch(page, /<b>model<\/b>/);
    assert.match(page, /&lt;b&gt;model&lt;\/b&gt;/);
    for (const title of ["Response time", "Throughput", "Time between tokens", "CPU of the workers", "Memory"])
      assert.match(page, new RegExp(`class="title"[^>]*>${title}`));
    assert.match(page, /<td>worker 1<\/td><td>7<\/td><td>90<\/td><td>1\.0 GiB<\/td>/);
    assert.doesNotMatch(page, /NaN|Infinity|undefined/);
    const embedded = /id="figures">(.*)<\/script>/.exec(page)?.[1] ?? "";
    assert.equal((JSON.parse(embedded) as { preset: string }).preset, "code");
  });

  it("a full disk, a missing folder and a folder are said as such", () => {
    assert.throws(() => writeReport("/dev/full", "x"), { code: "report_unwritable", message: /the disk is full/ });
    assert.throws(() => requireWritable("/no/such/folder/r.html"), { message: /there is no such folder/ });
    assert.throws(() => requireWritable(tmpdir()), { message: /it is a folder/ });
    const folder = mkdtempSync(join(tmpdir(), "drover-report-"));
    const path = join(folder, "r.csv");
    requireWritable(path);
    assert.equal(existsSync(path), false, "a run that is broken off leaves no empty report");
    writeReport(path, "x");
    assert.equal(existsSync(path) && readFileSync(path, "utf8"), "x");
    rmSync(folder, { recursive: true });
  });

  it("axes begin at 0, end at or above the largest value and have round ticks", () => {
    assert.deepEqual(createAxis([3, 19], 0, 100).ticks, [0, 5, 10, 15, 20]);
    assert.equal(createAxis([20], 0, 100).at(20), 100);
    assert.deepEqual(createAxis([], 0, 100).ticks.at(-1), 1);
  });
});

function rowsOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith("│"));
}
