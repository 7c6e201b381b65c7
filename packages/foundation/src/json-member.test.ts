import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { booleanMember } from "./json-member.ts";

describe('A JSON object with a true member "stream"', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['{"stream":true}', true],
    ['{"messages":[{"content":"a \\\\\\" {"}],\n "stream" :\t true }', true],
    ['{"stream":false}', false],
    ['{"stream":truest}', false],
    ['{"tools":[{"properties":{"stream":true}}],"stream":false}', false],
    ['{"prompt":"{\\"stream\\": true}"}', false],
    ['{"a":"\\\\","stream":true}', true],
    ['{"a":"stream","b":true}', false],
    ['{"a":"unfinished', false],
    ['[{"stream":true}]', false],
    ["", false],
  ];
  for (const [body, expected] of cases) {
    it(`${expected ? "is" : "is not"} ${JSON.stringify(body)}`, async () => {
      assert.equal(await booleanMember(Buffer.from(body), "stream", false), expected);
    });
  }

  it("is what is asked for where there is none, but for a text too long to look at", async () => {
    const bodies = ["{}", '{"stream":null}', '{"stream":false}', `{"a":"${"x".repeat(5 * 2 ** 20)}"}`];
    const found = await Promise.all(bodies.map((body) => booleanMember(Buffer.from(body), "stream", true)));
    assert.deepEqual(found, [true, true, false, false]);
  });

  it("is looked for in slices, with others in between, whatever stands before it", async () => {
    for (const filling of ["[]", '\\"', '"",', "x"]) {
      const text = filling === "x" || filling === '\\"';
      const before = filling.repeat(1_500_000 / filling.length);
      const body = Buffer.from(`{"a":${text ? `"${before}"` : `[${before}1]`},"stream":true}`);
      let turns = 0;
      const state = { isOver: false };
      const count = () => {
        turns += 1;
        if (!state.isOver) setImmediate(count);
      };
      setImmediate(count);
      const found = await Promise.all(Array.from({ length: 8 }, () => booleanMember(body, "stream", false)));
      state.isOver = true;
      assert.deepEqual(new Set(found), new Set([true]), filling);
      assert.ok(turns >= 4, `${filling}: all was looked at in ${turns} turns`);
    }
  });
});
