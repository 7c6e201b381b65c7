import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { parseJsonInSlices } from "@drover/contract/json/sliced-json";
import * as fc from "fast-check";

const MEBIBYTE = 2 ** 20;

/** Texts of any kind, some of them longer than a slice. */
const text = fc
  .tuple(fc.string({ unit: "grapheme", maxLength: 8 }), fc.constantFrom(1, 1, 1, 9000, 40_000))
  .map(([unit, count]) => unit.repeat(count));
const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "1"));
const leaf = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  text,
);
const list = (value: fc.Arbitrary<unknown>) =>
  fc.tuple(value, fc.constantFrom(0, 1, 3, 20_000), value).map(([one, count, last]) => {
    const isShort = JSON.stringify(one).length < 20;
    return [...Array.from({ length: isShort ? count : Math.min(count, 2) }, () => one), last];
  });
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    leaf,
    list(tie("json")),
    fc.dictionary(name, tie("json"), { maxKeys: 5 }),
    list(fc.dictionary(name, leaf, { maxKeys: 3 })),
  ),
}));
const written = fc
  .tuple(json, fc.constantFrom(undefined, 1, "\t"))
  .map(([value, indent]) => JSON.stringify([value, "x".repeat(70_000)], null, indent));
/** What is put somewhere into the text, and how many bytes it replaces. */
const fault = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(",", ":", "[", "]", "{", "}", '"', "\\", " ", "0", "\u00ff", "", "null"),
  fc.nat(2),
);

describe("A long body", () => {
  it("is what JSON.parse makes of it", async () => {
    await fc.assert(
      fc.asyncProperty(written, async (whole) => {
        assert.deepEqual(await parseJsonInSlices(Buffer.from(whole)), JSON.parse(whole));
      }),
      { numRuns: 30 },
    );
  });

  it("is refused where JSON.parse refuses it", async () => {
    await fc.assert(
      fc.asyncProperty(written, fault, async (whole, [share, put, cut]) => {
        const bytes = Buffer.from(whole);
        // Most faults in a filling of one letter would be none.
        const at = Math.floor(share * (bytes.length - 70_000));
        const spoilt = Buffer.concat([bytes.subarray(0, at), Buffer.from(put, "latin1"), bytes.subarray(at + cut)]);
        assert.deepEqual(await parseJsonInSlices(spoilt).catch(() => "refused"), parsedAtOnce(spoilt));
      }),
      { numRuns: 80 },
    );
    for (const end of [",", "}", "]", '"', "1", "", " ]x", "\u00a0]"]) {
      const spoilt = Buffer.from(`[${"1,".repeat(MEBIBYTE / 8)}1${end}`);
      assert.deepEqual(await parseJsonInSlices(spoilt).catch(() => "refused"), parsedAtOnce(spoilt), end);
    }
  });

  it("is refused where an object in it has more members than any API knows", async () => {
    await assert.rejects(parseJsonInSlices(bodyWith(members(2049))), /more than 2048 members/);
    await parseJsonInSlices(bodyWith(members(2048)));
    // Ids of tokens with their biases.
    await assert.rejects(parseJsonInSlices(bodyWith(ids(16_385))), /more than 16384 numbers/);
    await parseJsonInSlices(bodyWith(ids(16_384)));
  });

  it("is refused where a name, a number or a blank space in it is longer than any that is honest", async () => {
    const long = 300_000;
    for (const uncut of [
      `{"${"n".repeat(long)}":1}`,
      `[${"1".repeat(long)}]`,
      `[1,${" ".repeat(long)}2]`,
      `[${" ".repeat(long)}"${"x".repeat(long)}"]`,
      `[["${"x".repeat(long)}"]${"\n".repeat(long)}]`,
    ])
      await assert.rejects(parseJsonInSlices(Buffer.from(uncut)), /more than 262144 bytes/);
    assert.deepEqual(await parseJsonInSlices(Buffer.from(`["${" ".repeat(long)}"]`)), [" ".repeat(long)]);
  });

  it("is parsed in pieces of a few hundred names: each may be a new one, which takes as long as a hundred bytes of another text", async () => {
    for (const each of [1, 5, 300, 2000]) {
      const most = await mostNames(`{"metadata":[[${objects(each)}]]}`);
      assert.ok(most > 0 && most <= 512, `objects of ${each}: ${most} names`);
    }
  });

  it("is parsed in short pieces, whatever is long in it", async () => {
    const bodies = {
      tokens: `{"prompt":[${"12345,".repeat(250_000)}0]}`,
      text: JSON.stringify({ prompt: "a text ".repeat(MEBIBYTE) }),
      escapes: `{"prompt":"${"\\n".repeat(2 * MEBIBYTE)}${"\\ud83d\\ude00".repeat(MEBIBYTE / 8)}"}`,
      members: `[${`{${members(2000)}},`.repeat(50)}{}]`,
      "deep lists": `${"[".repeat(90)}${"1,".repeat(250_000)}1${"]".repeat(90)}`,
      messages: `{"messages":[${'{"role":"user","content":"x"},'.repeat(60_000)}{}]}`,
    };
    for (const [what, whole] of Object.entries(bodies)) {
      const longest = await longestPiece(whole);
      assert.ok(longest > 0 && longest <= 200 * 1024, `${what}: ${longest} characters`);
    }
  });
});

function parsedAtOnce(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return "refused";
  }
}

function bodyWith(inner: string): Buffer {
  return Buffer.from(`{"metadata":{${inner}},"text":"${"x".repeat(70_000)}"}`);
}

function ids(count: number): string {
  return Array.from({ length: count }, (_, index) => `"${index}":1`).join(",");
}

/** Objects of so many members, nine thousand in all. */
function objects(each: number): string {
  return Array.from({ length: 9000 / each }, (_, index) => `{${members(each, index)}}`).join(",");
}

/** Most names in one piece. */
async function mostNames(whole: string): Promise<number> {
  const parse = mock.method(JSON, "parse");
  try {
    await parseJsonInSlices(Buffer.from(whole));
    return Math.max(...parse.mock.calls.map(({ arguments: [piece] }) => piece.split('":').length - 1));
  } finally {
    parse.mock.restore();
  }
}

function members(count: number, series = 0): string {
  return Array.from({ length: count }, (_, index) => `"name ${series} ${index}":${index}`).join(",");
}

async function longestPiece(whole: string): Promise<number> {
  const parse = mock.method(JSON, "parse");
  try {
    await parseJsonInSlices(Buffer.from(whole));
    return Math.max(...parse.mock.calls.map(({ arguments: [piece] }) => piece.length));
  } finally {
    parse.mock.restore();
  }
}
