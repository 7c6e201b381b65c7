import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ResponseMessage,
  cutBefore,
  matches,
  newResponse,
  newConversation,
  settled,
  titleOf,
  tokensPerSecond,
  type UserMessage,
  versionBeside,
  versionsOf,
  withMessage,
} from "./conversation.ts";
import { chinese } from "../language/chinese.ts";
import { readConversations, writeConversations } from "./conversation-file.ts";
import { requestOf } from "./request.ts";
import { isSendKey } from "./send-key.ts";
import { partsOf } from "./thread/thinking.ts";

const user: UserMessage = { id: "u", role: "user", content: "How many Sheep?\nCount them.", atMs: 1 };
const response: ResponseMessage = { ...newResponse("a", 2), content: "<think>one, two</think>\n\nTwo.", end: "done" };
const conversation = [user, response].reduce(
  (made, message) => withMessage(made, message, 3),
  newConversation("c1", 1),
);

describe("a conversation", () => {
  it("is named by its first line, and found by all words of a query in any case", () => {
    assert.equal(titleOf(conversation), "How many Sheep?");
    assert.equal(titleOf(newConversation("x", 1)), undefined);
    assert.ok(matches(conversation, "two SHEEP"));
    assert.ok(!matches(conversation, "sheep goats"));
    assert.ok(matches(conversation, "  "));
  });

  it("is asked anew from an edited message on, without what came after it", () => {
    assert.deepEqual(cutBefore(conversation, "a").messages, [user]);
    assert.deepEqual(cutBefore(conversation, "u").messages, []);
  });

  it("keeps each response that was asked for instead of another, and shows any of them in its place", () => {
    const second = { ...newResponse("b", 5, response), content: "2", end: "done" as const };
    const third = { ...newResponse("c", 6, second), content: "3", end: "done" as const };
    assert.deepEqual(
      versionsOf(third).map(({ id }) => id),
      ["a", "b", "c"],
    );
    const shown = versionBeside(versionBeside(third, -1), -1);
    assert.deepEqual([shown.id, shown.content, shown.others?.length], ["c", response.content, 2]);
    assert.equal(versionBeside(shown, -1), shown);
    assert.equal(versionBeside(versionBeside(shown, 1), 1).content, "3");
    const kept = { ...conversation, messages: [user, shown] };
    assert.deepEqual(readConversations(writeConversations([kept])), [kept]);
  });

  it("has no running responses after its page was closed", () => {
    const interrupted = withMessage(conversation, { ...response, end: "running" }, 4);
    assert.equal((settled(interrupted).messages[1] as ResponseMessage).end, "stopped");
  });

  it("sends the system prompt and what was set, and no earlier thinking", () => {
    const asked = { ...conversation, system: "Be short.", parameters: { temperature: 0, seed: 7 } };
    assert.deepEqual(requestOf(asked, false), {
      messages: [
        { role: "system", content: "Be short." },
        { role: "user", content: user.content },
        { role: "assistant", content: "Two." },
      ],
      temperature: 0,
      seed: 7,
    });
    const more = requestOf(asked, true);
    assert.equal(more.continue_final_message, true);
    assert.deepEqual(more.messages.at(-1), { role: "assistant", content: "\n\nTwo.", reasoning_content: "one, two" });
  });

  it("is the same after a way through a file, and a file of anybody's can do no harm", () => {
    assert.deepEqual(readConversations(writeConversations([conversation])), [conversation]);
    for (const text of ["", "[]", "null", '{"conversations":[{}]}', "<html>"])
      assert.deepEqual(readConversations(text), []);
    const odd = {
      ...conversation,
      title: { toString: 1 },
      messages: [{ ...response, workers: [1, "2"], figures: { totalMs: "x" } }, 5],
    };
    const [read] = readConversations(JSON.stringify({ format: "drover-conversations", conversations: [odd] }));
    assert.equal(read?.title, "");
    const messages = (read?.messages ?? []) as readonly ResponseMessage[];
    assert.deepEqual(
      messages.map(({ workers, figures }) => [workers, figures]),
      [[["2"], {}]],
    );
  });
});

const parts = (content: string, end: ResponseMessage["end"] = "running", reasoning = "") =>
  partsOf({ content, end, reasoning });

describe("a response", () => {
  it("has its thinking apart, by the server's word or by its tags, however far it came", () => {
    assert.deepEqual(parts("", "running", "hm"), { reasoning: "hm", content: "", isThinking: true });
    assert.deepEqual(parts("Yes", "running", "hm"), { reasoning: "hm", content: "Yes", isThinking: false });
    assert.deepEqual(parts("<thi"), { reasoning: "", content: "", isThinking: true });
    assert.deepEqual(parts("<think>hm"), { reasoning: "hm", content: "", isThinking: true });
    assert.deepEqual(parts("<think>hm", "stopped"), { reasoning: "hm", content: "", isThinking: false });
    assert.deepEqual(parts("<think>hm</think>Yes"), { reasoning: "hm", content: "Yes", isThinking: false });
    assert.deepEqual(parts("a <think>"), { reasoning: "", content: "a <think>", isThinking: false });
  });

  it("is as fast as its tokens after the first", () => {
    assert.equal(tokensPerSecond({ completionTokens: 11, firstTokenMs: 1000, totalMs: 2000 }), 10);
    assert.equal(tokensPerSecond({ completionTokens: 1, firstTokenMs: 1000, totalMs: 2000 }), undefined);
  });
});

describe("why there is no response", () => {
  it("is said in Chinese where the case is known, with the time to wait, and in the server's words otherwise", () => {
    const english = "the limit of 60 requests a minute is reached; try again in 31s";
    assert.equal(chinese.serverSays("rate_limit_exceeded", english, "31秒"), "已达到限额，请在 31秒后重试");
    assert.equal(chinese.serverSays("queue_timeout", "late", ""), "排队超时，没有空闲的工作进程");
    assert.equal(chinese.serverSays("invalid_value", "Invalid 'seed'.", ""), "Invalid 'seed'.");
  });
});

describe("the key that sends", () => {
  const key = {
    key: "Enter",
    shiftKey: false,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    isComposing: false,
    keyCode: 13,
  };

  it("is Enter alone, and not while an input method composes, by either way that browsers say so", () => {
    assert.ok(isSendKey(key));
    assert.ok(!isSendKey({ ...key, shiftKey: true }));
    assert.ok(!isSendKey({ ...key, isComposing: true }));
    assert.ok(!isSendKey({ ...key, keyCode: 229 }));
    assert.ok(!isSendKey({ ...key, key: "a" }));
  });
});
