import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { RequestError } from "../../errors.ts";
import { byteModel, byteVocabulary } from "../../test-support/byte-vocabulary.ts";
import { systemClock } from "@drover/foundation/clock";
import { ChatRenderer } from "./chat-renderer.ts";
import { ChatTemplate, templateFacts } from "./chat-template.ts";
import { type WrittenChat, writeChat } from "./chat-writer.ts";
import { ControlTexts, controlTextsOf } from "./control-texts.ts";

const TEMPLATE =
  "{% for tool in tools %}{{ tool | tojson }}{% endfor %}{% for m in messages %}{% if m.content == 'no' %}{{ raise_exception('no') }}{% endif %}" +
  "[{{ m.role }}]{{ m.content }}{% if m.reasoning_content is defined %}({{ m.reasoning_content }}){% endif %}{{ m.tool_calls }}{% endfor %}";

const facts = templateFacts({ ...byteModel, chatTemplate: TEMPLATE }, byteVocabulary);
const controlTexts = controlTextsOf(byteVocabulary, byteModel.vocabularySize);
const own = { template: new ChatTemplate(facts), controlTexts: new ControlTexts(controlTexts) };

const chat = (turns: number, last = "end"): WrittenChat => ({
  messages: [
    { role: "system", content: "Be <think>brief</think>." },
    ...Array.from({ length: turns }, () => ({ role: "user", content: "Well? \u{1f600} <think>" }) as const),
    { role: "assistant", content: "yes", reasoning: "as ever", toolCalls: [{ id: "a", name: "f", arguments: "{}" }] },
    { role: "user", content: last },
  ],
  tools: [{ name: "f", parameters: { type: "object", properties: { a: { type: "string", nothing: null } } } }],
  templateArguments: { given: [1, "two"] },
  mayThink: false,
});

describe("A long chat", () => {
  it("is written in another thread, as it would be here, and refused in the same words", async () => {
    const renderer = new ChatRenderer({ facts, controlTexts }, own, systemClock);
    const here = mock.method(own.template, "render");
    try {
      const text = await renderer.render(chat(5000));
      assert.equal(here.mock.callCount(), 0);
      assert.equal(text, writeChat(own, chat(5000)));
      await assert.rejects(
        renderer.render(chat(5000, "no")),
        (error) => error instanceof RequestError && /refuses these messages: no/.test(error.message),
      );
      here.mock.resetCalls();
      assert.equal(await renderer.render(chat(2)), writeChat(own, chat(2)));
      assert.equal(here.mock.callCount(), 2, "a short one is not worth the way");
      await assert.rejects(renderer.render(chat(2, "no")), RequestError);
    } finally {
      here.mock.restore();
    }
  });

  it("is one by each of its parts: texts, thoughts, tools, arguments, or how many messages it has", async () => {
    const renderer = new ChatRenderer({ facts, controlTexts }, own, systemClock);
    const long = "x".repeat(100_000);
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, index]));
    const short = chat(1);
    const here = mock.method(own.template, "render");
    try {
      for (const heavy of [
        { ...short, messages: [{ role: "user", content: long }] },
        { ...short, messages: [{ role: "assistant", content: "", reasoning: long, toolCalls: [] }] },
        { ...short, tools: [{ name: "f", description: long, parameters: {} }] },
        { ...short, tools: [{ name: "f", parameters: wide }] },
        { ...short, templateArguments: { wide } },
        { ...short, messages: Array.from({ length: 200 }, () => ({ role: "user", content: "a" })) },
      ] as const)
        await renderer.render(heavy as WrittenChat);
      assert.equal(here.mock.callCount(), 0);
    } finally {
      here.mock.restore();
    }
  });
});
