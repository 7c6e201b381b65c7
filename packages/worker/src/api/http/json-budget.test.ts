import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestError } from "../../errors.ts";
import { messagesRequest } from "../anthropic/messages-schema.ts";
import { chatCompletionRequest } from "../openai-chat/chat-schema.ts";
import { completionRequest } from "../openai-completions/completion-schema.ts";
import { embeddingsRequest } from "../openai-embeddings/embeddings.ts";
import { responsesRequest } from "../openai-responses/responses-schema.ts";
import { parseBody } from "./parse-body.ts";
import { refuseCostlyJson } from "./json-budget.ts";

const MILLION = 1_000_000;

describe("The budget of a body", () => {
  it("refuses ten megabytes of small values within slices of the loop's time", async () => {
    const bytes = Buffer.from(`{"messages":[${"0,".repeat(5 * MILLION)}0]}`);
    await assert.rejects(refuseCostlyJson(bytes), refused("too_many_values"));
  });

  it("refuses deep nesting wherever it begins, and counts no brackets inside of texts", async () => {
    await assert.rejects(refuseCostlyJson(Buffer.from(`{"a":${"[".repeat(200)}`)), refused("nested_too_deep"));
    await refuseCostlyJson(Buffer.from(JSON.stringify({ a: '\\"[[{,'.repeat(MILLION) })));
  });

  it("lets the other requests in while it looks at a long body", async () => {
    const bytes = Buffer.from(JSON.stringify({ a: "x".repeat(10 * MILLION) }));
    let turns = 0;
    let ended = false;
    const turn = () => {
      turns += 1;
      if (!ended) setImmediate(turn);
    };
    setImmediate(turn);
    await refuseCostlyJson(bytes);
    ended = true;
    assert.ok(turns > 20, `${turns} turns of the loop`);
  });

  it("is not spent on what comes after a list's first fault, nor on lists that are too long", async () => {
    const zeros = Array.from({ length: MILLION }, () => 0);
    const tooLong = Array.from({ length: MILLION }, () => ({ role: "user", content: "x" }));
    const bodies = [
      [chatCompletionRequest, { messages: zeros }, "messages"],
      [chatCompletionRequest, { messages: tooLong }, "messages"],
      [chatCompletionRequest, { messages: [{ role: "user", content: zeros }] }, "messages[0].content"],
      [completionRequest, { prompt: zeros.map(() => ({})) }, "prompt"],
      [embeddingsRequest, { input: zeros.map(() => ({})) }, "input"],
      [responsesRequest, { input: zeros }, "input"],
      [messagesRequest, { model: "m", max_tokens: 1, messages: zeros }, "messages"],
    ] as const;
    for (const [schema, body, param] of bodies) {
      const before = process.cpuUsage();
      await assert.rejects(parseBody<unknown>(schema, body), (error: unknown) => {
        assert.ok(error instanceof RequestError);
        assert.equal(error.refusal.param?.startsWith(param), true, error.message);
        return true;
      });
      const { user, system } = process.cpuUsage(before);
      // All elements take seconds; the bound leaves room for a slow machine.
      assert.ok(user + system < 1_000_000, `${param} took ${(user + system) / 1000} ms of CPU`);
    }
  });
});

function refused(reason: string) {
  return (error: unknown) => error instanceof RequestError && error.refusal.reason === reason;
}
