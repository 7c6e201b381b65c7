import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../support/until.ts";
import { startWorker } from "../support/worker-process.ts";

type Message = { readonly role: string; readonly content: string };

/** Three turns of a chat. @returns tokens of the last prompt, and how many of them needed no evaluation */
async function thirdTurn(readAhead: "on" | "off") {
  const worker = await startWorker({ readAhead });
  const url = `http://127.0.0.1:${worker.port}`;
  const messages: Message[] = [];
  const ask = async (content: string) => {
    messages.push({ role: "user", content });
    const body = { messages, max_tokens: 40, temperature: 0, ignore_eos: true };
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
    assert.equal(response.status, 200);
    const { choices, usage } = (await response.json()) as {
      readonly choices: readonly [{ readonly message: Message }];
      readonly usage: {
        readonly prompt_tokens: number;
        readonly total_tokens: number;
        readonly prompt_tokens_details: { readonly cached_tokens: number };
      };
    };
    messages.push({ role: "assistant", content: choices[0].message.content });
    return usage;
  };
  const kept = async () => {
    const slots = (await (await fetch(`${url}/steps`)).json()) as { readonly tokens: { readonly prompt: number } };
    return slots.tokens.prompt;
  };
  try {
    await ask("one");
    const before = await kept();
    const { prompt_tokens, prompt_tokens_details } = await ask("two");
    const asked = before + prompt_tokens - prompt_tokens_details.cached_tokens;
    // The response as the next turn writes it, with what comes before the user's words.
    if (readAhead === "on") await until(async () => (await kept()) > asked, "the response is read ahead");
    const { prompt_tokens: tokens, prompt_tokens_details: details } = await ask("three");
    return { tokens, cached: details.cached_tokens };
  } finally {
    await worker.close();
  }
}

describe("a chat's next turn", () => {
  it("is read up to its question before it comes, unless --read-ahead is off", async () => {
    const [off, on] = [await thirdTurn("off"), await thirdTurn("on")];
    assert.equal(on.tokens, off.tokens);
    assert.ok(on.cached > off.cached, `${on.cached} of ${on.tokens} tokens were there already, ${off.cached} without`);
  });
});
