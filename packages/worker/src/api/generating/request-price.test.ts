import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestError } from "../../errors.ts";
import type { Serving } from "../serving.ts";
import { type PricedRequest, refuseExpensive, refuseManyInputTokens } from "./request-price.ts";

const serving = { slots: { contextTokens: 4096 }, settings: { requestTokens: 10_000 } } as Serving;

/** Which parameter it is refused for, and why; undefined: it is not. */
function refusal(act: () => void): { readonly param: string | null; readonly message: string } | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof RequestError && error.refusal.reason === "too_expensive");
    return { param: error.refusal.param, message: error.message };
  }
}

const priced = (request: Partial<PricedRequest>) =>
  refusal(() => refuseExpensive(serving, { choices: 1, isStream: false, lengthParam: "max_tokens", ...request }));

describe("the price of a request", () => {
  it("in tokens is that of all choices, where none says a length as many as fit", () => {
    assert.equal(priced({ choices: 100, maxTokens: 100 }), undefined);
    assert.equal(priced({ choices: 100, maxTokens: 101 })?.param, "n");
    assert.equal(priced({ choices: 2 }), undefined);
    assert.match(priced({ choices: 3 })?.message ?? "", /12288, and a request may ask for 10000 \(--request-tokens\)/);
  });

  it("in log-probabilities is at most 100,000 in a response that is held until its end, and has no limit in a stream", () => {
    const most = { choices: 5, maxTokens: 1000, topLogprobs: 19 };
    assert.equal(priced(most), undefined);
    const { param, message } = priced({ ...most, maxTokens: 1001 }) ?? assert.fail("it is not refused");
    assert.equal(param, "max_tokens");
    assert.match(
      message,
      /100100 log-probabilities do not fit one response; set 'max_tokens' to at most 1000, or stream/,
    );
    assert.equal(priced({ ...most, maxTokens: 1001, isStream: true }), undefined);
    assert.equal(priced({ choices: 1, maxTokens: 4096, topLogprobs: 0 }), undefined);
  });

  it("in tokens to read has the same limit", () => {
    assert.equal(
      refusal(() => refuseManyInputTokens(serving, 10_000)),
      undefined,
    );
    assert.equal(refusal(() => refuseManyInputTokens(serving, 10_001))?.param, "input");
  });
});
