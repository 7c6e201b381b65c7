import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasTrueMember } from "./json-member.ts";

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
    it(`${expected ? "is" : "is not"} ${JSON.stringify(body)}`, () => {
      assert.equal(hasTrueMember(Buffer.from(body), "stream"), expected);
    });
  }
});
