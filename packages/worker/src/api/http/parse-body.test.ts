import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestError } from "../../errors.ts";
import { chatCompletionRequest } from "../openai-chat/chat-schema.ts";
import { parseBody } from "./parse-body.ts";

const messages = [{ role: "user", content: "hi" }];
const said: readonly (readonly [unknown, string])[] = [
  [{ messages, temperature: 300 }, "Invalid 'temperature': must be at most 100"],
  [{ messages, n: 0 }, "Invalid 'n': must be at least 1"],
  [{ messages, repeat_penalty: 0 }, "Invalid 'repeat_penalty': must be over 0"],
  [{ messages, max_tokens: "5" }, "Invalid 'max_tokens': must be a number, not a text"],
  [{ messages, max_tokens: 1.5 }, "Invalid 'max_tokens': must be a whole number"],
  [{ messages, stream: "yes" }, "Invalid 'stream': must be true or false, not a text"],
  [{ messages: "hi" }, "Invalid 'messages': must be a list, not a text"],
  [{ messages: [{ role: "robot", content: "x" }] }, "Invalid 'messages[0].role': must be 'system' or 'developer' or"],
  [{ messages, response_format: { type: "yaml" } }, "Invalid 'response_format.type': must be 'text' or 'json_object'"],
  [{ messages, stop: Array.from({ length: 65 }, () => "a") }, "Invalid 'stop': must have at most 64 items"],
  [{ messages, logit_bias: { x: "y" } }, "Invalid 'logit_bias.x': must be"],
  [{ messages, reasoning_effort: "huge" }, 'Invalid \'reasoning_effort\': must be "none" or "minimal" or'],
  [{ messages, tool_choice: "must" }, "Invalid 'tool_choice': must be"],
  [[], "Invalid body: must be an object, not a list"],
  [{}, "Missing required parameter: 'messages'."],
];

describe("A refusal of a field", () => {
  it("says what it must be, in words", async () => {
    for (const [body, words] of said) {
      await assert.rejects(parseBody(chatCompletionRequest, body), (error) => {
        assert.ok(error instanceof RequestError);
        assert.equal(error.message.slice(0, words.length), words);
        assert.doesNotMatch(error.message, /expected|Invalid input|Too (?:big|small)/u);
        return true;
      });
    }
  });
});
