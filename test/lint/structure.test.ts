import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { needsTool } from "../support/needs.ts";
import { COMMAND_LIMIT_MS } from "../support/until.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const classWithMethod = (name: string) => `export class ${name} {
  of(text: string): string {
    return text.trim().toUpperCase().split(",").toReversed().join("; ");
  }
}
`;

/** Each puts a fault into a copy of the sources, and is found by these messages. */
const faults: readonly (readonly [fault: string, put: (copy: Copy) => void, ...found: RegExp[]])[] = [
  [
    "a folder of more than 15 source files",
    (copy) => {
      for (let file = 0; file < 16; file += 1) copy.write(`packages/balancer/src/queue/more-${file}.ts`, "");
    },
    /packages\/balancer\/src\/queue: \d+ source files/,
  ],
  [
    "an import that a package may not have",
    (copy) => copy.add("packages/balancer/src/queue/retry-after.ts", 'import "@drover/supervisor";'),
    /queue\/retry-after\.ts: balancer may not import @drover\/supervisor/,
  ],
  [
    "an import that goes up between the folders of a package",
    (copy) => copy.add("packages/balancer/src/policies/hash.ts", 'import "../queue/retry-after.ts";'),
    /policies\/hash\.ts: policies imports .*retry-after\.ts, and imports only go down/,
  ],
  [
    "a folder that no layer names",
    (copy) => copy.write("packages/balancer/src/stray/x.ts", 'import "../errors.ts";'),
    /the folder stray is in no layer of balancer/,
  ],
  [
    "two files that import each other's types",
    (copy) => {
      copy.write("packages/models/src/gguf/a.ts", 'import type { B } from "./b.ts";\nexport type A = B | 1;\n');
      copy.write("packages/models/src/gguf/b.ts", 'import type { A } from "./a.ts";\nexport type B = A | 2;\n');
    },
    /gguf\/a\.ts, packages\/models\/src\/gguf\/b\.ts: they import each other in a circle/,
  ],
  [
    "two folders beside each other that import each other, by files of theirs that do not",
    (copy) => {
      copy.write("packages/worker/src/state/one/a.ts", 'import "../other/inside/b.ts";');
      copy.write("packages/worker/src/state/other/inside/b.ts", "");
      copy.write("packages/worker/src/state/other/c.ts", 'import "../one/d.ts";');
      copy.write("packages/worker/src/state/one/d.ts", "");
    },
    /^packages\/worker\/src\/state\/one, packages\/worker\/src\/state\/other: they import each other in a circle/,
  ],
  [
    "a public member that nobody uses",
    (copy) => {
      copy.write("packages/models/src/estimate/c.ts", "export class Thing {\n  lonelyMember(): void {}\n}\n");
      copy.write("packages/models/src/estimate/k.ts", "export type Facts = { readonly forsakenMember: number };\n");
    },
    /estimate\/c\.ts: nobody uses Thing\.lonelyMember/,
    /estimate\/k\.ts: nobody uses Facts\.forsakenMember/,
  ],
  [
    "another clock",
    (copy) => copy.write("packages/models/src/gguf/d.ts", "export interface MyClock {\n  now(): number;\n}\n"),
    /gguf\/d\.ts: an interface for the time, which .*clock\.ts has/,
  ],
  [
    "another parser of durations",
    (copy) =>
      copy.write(
        "packages/models/src/gguf/e.ts",
        "export const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };\n",
      ),
    /gguf\/e\.ts: a parser of durations, which .*durations-and-sizes\.ts has/,
  ],
  [
    "second parsers of sizes and ranges, and texts, headers and bodies that have one owner",
    (copy) =>
      copy.write(
        "packages/models/src/gguf/h.ts",
        `import { get } from "node:http";
export const size = /^(\\d+)([kKmMgG])$/;
export const range = (text: string) => text.split("..");
export const gigabytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
export const things = (count: number) => \`\${count} thing\${count === 1 ? "" : "s"}\`;
export const secret = "x-drover-secret";
export const body = { type: "server_error", get };
`,
      ),
    /h\.ts: a parser of sizes, which/,
    /h\.ts: a parser of ranges, which/,
    /h\.ts: an HTTP GET, which/,
    /h\.ts: a text for a size, which/,
    /h\.ts: a plural, which/,
    /h\.ts: a header of Drover's, which/,
    /h\.ts: a builder of error bodies, which/,
  ],
  [
    "readings of the time, HTTP GETs, sizes and plurals in other forms",
    (copy) => {
      copy.write("packages/models/src/sources/faults/m.ts", "export const startMs = performance.now();\n");
      copy.write(
        "packages/models/src/sources/faults/n.ts",
        "export const ask = (url: string) => (url ? https : http).get(url);\n",
      );
      copy.write(
        "packages/models/src/sources/faults/o.ts",
        'import { request } from "undici";\nexport const ask = request;\n',
      );
      copy.write(
        "packages/models/src/sources/faults/p.ts",
        "export const ask = async (url: string) => await fetch(url);\n",
      );
      copy.write(
        "packages/models/src/sources/faults/q.ts",
        "export const size = (bytes: number) => `${bytes / 1e9} GB`;\n",
      );
      copy.write(
        "packages/models/src/sources/faults/r.ts",
        'export const name = (n: number) => (n === 1 ? "1 user" : `${n} users`);\n',
      );
      copy.write(
        "packages/models/src/sources/faults/s.ts",
        'export const name = (n: number) => (n === 1 ? "port" : "ports");\n',
      );
    },
    /faults\/m\.ts: a reading of the time, which .*clock\.ts has/,
    /faults\/n\.ts: an HTTP GET, which/,
    /faults\/o\.ts: an HTTP GET, which/,
    /faults\/p\.ts: an HTTP GET, which/,
    /faults\/q\.ts: a text for a size, which/,
    /faults\/r\.ts: a plural, which/,
    /faults\/s\.ts: a plural, which/,
  ],
  [
    "another builder of the proxy's errors",
    (copy) =>
      copy.write("packages/models/src/sources/l.ts", 'export const refusal = { type: "proxy_request_error" };\n'),
    /sources\/l\.ts: a builder of error bodies, which .*api-errors\.ts has/,
  ],
  [
    "a function that stands in two files",
    (copy) => {
      const twin =
        "(text: string): string {\n  return text.trim().toLowerCase().split(',').toReversed().join('; ');\n}\n";
      copy.write("packages/models/src/gguf/f.ts", `export function f${twin}`);
      copy.write("packages/worker/src/slots/g.ts", `export function g${twin}`);
    },
    /gguf\/f\.ts, packages\/worker\/src\/slots\/g\.ts: the same function/,
  ],
  [
    "a method that stands in two files",
    (copy) => {
      copy.write("packages/models/src/estimate/i.ts", classWithMethod("One"));
      copy.write("packages/worker/src/slots/j.ts", classWithMethod("Other"));
    },
    /estimate\/i\.ts, packages\/worker\/src\/slots\/j\.ts: the same function/,
  ],
  [
    "a comment that names a file that is not there",
    (copy) => copy.add("packages/balancer/src/queue/retry-after.ts", "// See forgotten.ts."),
    /queue\/retry-after\.ts: a comment names forgotten\.ts, which is not there/,
  ],
  [
    "a test that the docs name and that is gone",
    (copy) => copy.add("docs/operations.md", "See `test/hostile/gone.test.ts`."),
    /docs\/operations\.md: the test test\/hostile\/gone\.test\.ts is not there/,
  ],
  [
    "a test that is named after no file of its folder, and one of several files that is gone",
    (copy) => {
      copy.write("packages/models/src/gguf/stray.test.ts", "");
      rmSync(join(copy.path, "packages/bench/src/report/reports.test.ts"));
    },
    /gguf\/stray\.test\.ts: it is named after no file of its folder/,
    /test-names\.mjs: packages\/bench\/src\/report\/reports\.test\.ts, or packages\/bench\/src\/report, is not there/,
  ],
  [
    "a defence for which no test is named",
    (copy) => copy.write("docs/security.md", "\n## What is defended\n\n- Everything.\n"),
    /docs\/security\.md: no test is named for "Everything\."/,
  ],
];

describe("the structure check", () => {
  let copy: Copy;
  /** Of a copy with all faults at once, since a check takes seconds. */
  let faulty: Promise<Outcome> | undefined;
  before(() => {
    copy = new Copy();
  });
  after(() => copy.remove());

  const checkFaults = () => {
    if (faulty === undefined) {
      for (const [, put] of faults) put(copy);
      faulty = check(copy.path);
    }
    return faulty;
  };

  it("finds nothing in the sources", needsTool("oxc-parser"), async () => {
    assert.deepEqual(await check(root), { exitCode: 0, lines: [] });
  });

  for (const [fault, , ...found] of faults)
    it(`finds ${fault}`, needsTool("oxc-parser"), async () => {
      const { lines } = await checkFaults();
      for (const message of found) assert.equal(lines.filter((line) => message.test(line)).length, 1, String(message));
    });

  it("finds nothing else in sources with all these faults, and fails", needsTool("oxc-parser"), async () => {
    const { exitCode, lines } = await checkFaults();
    const messages = faults.flatMap(([, , ...found]) => found);
    assert.deepEqual(
      lines.filter((line) => !messages.some((message) => message.test(line))),
      [],
    );
    assert.equal(exitCode, 1);
  });
});

interface Outcome {
  readonly exitCode: number | undefined;
  readonly lines: readonly string[];
}

async function check(path: string): Promise<Outcome> {
  const script = join(root, "scripts/check-structure.mjs");
  const { exitCode, stdout } = await execa(process.execPath, [script, path], {
    reject: false,
    timeout: COMMAND_LIMIT_MS,
  });
  return { exitCode, lines: stdout.split("\n").filter((line) => line !== "") };
}

/** The sources, and nothing that is built or installed. */
class Copy {
  readonly path = mkdtempSync(join(tmpdir(), "drover-structure-"));

  constructor() {
    for (const folder of ["config", "packages", "docs", "test"])
      cpSync(join(root, folder), join(this.path, folder), {
        recursive: true,
        // Its own faults are none of the sources.
        filter: (source) => !/\/(?:node_modules|dist|structure\.test\.ts)$/.test(source),
      });
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.path, file)), { recursive: true });
    writeFileSync(join(this.path, file), text);
  }

  add(file: string, line: string): void {
    appendFileSync(join(this.path, file), `\n${line}\n`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
