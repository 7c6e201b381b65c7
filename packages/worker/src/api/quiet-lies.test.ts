import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askScripted } from "../test-support/ask-scripted.ts";
import { R1 } from "../test-support/r1-template.ts";
import type { Script } from "../test-support/scripted-generator.ts";

const user = { role: "user", content: "hi" };
const tool = { type: "function", name: "look", parameters: { type: "object" } };

/** Of a worker with R1's template. */
const ask = (path: string, body: object, ...scripts: readonly Script[]) =>
  askScripted(path, body, scripts, { chatTemplate: R1 });

describe("What a template or an engine would drop or change unsaid", () => {
  it("is no instruction, whichever way it comes, and no description of a tool", async () => {
    const input = [{ role: "developer", content: "Two." }, user];
    const { prompts } = await ask("/v1/responses", { instructions: "One.", input, tools: [tool] }, { text: "ok" });
    for (const word of ["One.", "Two.", "# Tools", '"look"', "hi"]) assert.ok(prompts[0]?.includes(word), prompts[0]);
  });

  it("is no thinking that a client turned off: the part that the template opens is closed", async () => {
    for (const off of [
      { enable_thinking: false },
      { chat_template_kwargs: { enable_thinking: false } },
      { reasoning_effort: "none" },
    ]) {
      const { prompts, response } = await ask("/v1/chat/completions", { messages: [user], ...off }, { text: "Yes" });
      assert.ok(prompts[0]?.endsWith("<think>\n\n</think>"), prompts[0]);
      const { choices } = response as { choices: readonly { message: object }[] };
      assert.deepEqual(choices[0]?.message, { role: "assistant", content: "Yes", refusal: null });
    }
  });

  it("is no tag of thinking: with reasoning_format none both are in the text, and the budget holds", async () => {
    const asked = { messages: [user], reasoning_format: "none", thinking_budget: 3 };
    const { prompts, response } = await ask("/v1/chat/completions", asked, { text: "abcdef" }, { text: "Yes" });
    assert.deepEqual([prompts.length, prompts[0]?.endsWith("<think>\n")], [2, true]);
    const { choices } = response as { choices: readonly { message: { content: string } }[] };
    assert.equal(choices[0]?.message.content, "<think>\nabc\n</think>\n\nYes");
  });

  it("is no end of thinking in a message that goes on from a prefilled one", async () => {
    const messages = [user, { role: "assistant", content: "So" }];
    const thinking = { type: "enabled", budget_tokens: 1024 };
    const body = { model: "m", max_tokens: 2000, messages, thinking };
    const { prompts, response } = await ask("/v1/messages", body, { text: " it is" });
    assert.ok(prompts[0]?.endsWith("<think>\n\n</think>So"), prompts[0]);
    assert.deepEqual((response as { content: unknown }).content, [{ type: "text", text: " it is" }]);
  });

  it("is no thinking of a model that thinks before it goes on from a prefilled message", async () => {
    const messages = [user, { role: "assistant", content: "So" }];
    const body = { model: "m", max_tokens: 2000, messages, thinking: { type: "enabled", budget_tokens: 1024 } };
    const { response } = await ask("/v1/messages", body, { text: "<think>Hm.</think> it is" });
    const { content } = response as { content: readonly { type: string; text?: string }[] };
    assert.deepEqual(
      content.filter(({ type }) => type === "text").map(({ text }) => text),
      ["it is"],
    );
  });

  it("is no call or result of an earlier turn, in whichever form clients send them", async () => {
    const messages = [
      user,
      { role: "assistant", content: null, function_call: { name: "look", arguments: '{"a":1}' } },
      { role: "function", name: "look", content: "one" },
      { role: "assistant", tool_calls: [{ function: { name: "look", arguments: { b: 2 } } }] },
      { role: "tool", content: [{ type: "output_text", text: "two" }] },
      { role: "assistant", tool_calls: [{ id: "c", type: "custom", custom: { name: "patch", input: "*** Begin" } }] },
      { role: "tool", tool_call_id: "c", content: "patched" },
      { role: "user", content: [{ type: "input_text", text: "three" }] },
    ];
    const { prompts, response } = await ask("/v1/chat/completions", { messages }, { text: "ok" });
    for (const word of ['{"a":1}', "one", '{"b":2}', "two", '{"input":"*** Begin"}', "patched", "three"])
      assert.ok(prompts[0]?.replaceAll(": ", ":").includes(word), prompts[0] ?? JSON.stringify(response));
  });

  it("is no seed: several prompts of one request begin with the same one", async () => {
    const { requests } = await ask(
      "/v1/completions",
      { prompt: ["a", "b"], seed: 7, max_tokens: 1 },
      { text: "x" },
      { text: "y" },
    );
    assert.deepEqual(
      requests.map(({ sampling }) => sampling.seed),
      [7, 7],
    );
  });
});
