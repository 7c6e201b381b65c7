import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { messagesRequest } from "../anthropic/messages-schema.ts";
import { ollamaChatRequest } from "../ollama/ollama-schema.ts";
import { chatCompletionRequest } from "../openai-chat/chat-schema.ts";
import { responsesRequest } from "../openai-responses/responses-schema.ts";
import { RequestError } from "../../errors.ts";
import { boundedList } from "./bounded-list.ts";
import { checkInSlices } from "./check-in-slices.ts";
import { parseBody } from "./parse-body.ts";

const many = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const text = { type: "text", text: "x" };
const user = (content: unknown) => ({ role: "user", content });
const call = (index: number) => ({ id: `c${index}`, type: "function", function: { name: "f", arguments: "{}" } });

/** As many elements as the limits of all APIs let pass, wherever they may be. */
const bodies: Readonly<Record<string, readonly [schema: z.ZodType, body: object]>> = {
  "parts of eight messages": [chatCompletionRequest, { messages: many(8, () => user(many(4000, () => text))) }],
  "calls of twelve messages": [
    chatCompletionRequest,
    { messages: many(12, () => ({ role: "assistant", tool_calls: many(1000, call) })) },
  ],
  messages: [chatCompletionRequest, { messages: many(8192, () => user("x")) }],
  tools: [
    chatCompletionRequest,
    {
      messages: [user("x")],
      tools: many(1024, (i) => ({
        type: "function",
        function: { name: `f${i}`, parameters: { properties: Object.fromEntries(many(10, (j) => [`p${j}`, {}])) } },
      })),
    },
  ],
  "items of a response": [responsesRequest, { input: many(8000, () => user([{ type: "input_text", text: "x" }])) }],
  "blocks in blocks of one message": [
    messagesRequest,
    {
      max_tokens: 1,
      messages: [
        user(many(16, (i) => ({ type: "tool_result", tool_use_id: `t${i}`, content: many(1900, () => text) }))),
      ],
    },
  ],
  "messages of Ollama": [ollamaChatRequest, { messages: many(8000, () => user("x")) }],
};

describe("A body with very many elements", () => {
  for (const [what, [schema, body]] of Object.entries(bodies)) {
    it(`is checked in slices, with other requests in between: ${what}`, async () => {
      let turns = 0;
      const turn = (): void => {
        turns += 1;
        next = setImmediate(turn);
      };
      let next = setImmediate(turn);
      await parseBody<unknown>(schema, body);
      clearImmediate(next);
      // At a stretch it takes one. Ten thousand values are checked in some milliseconds.
      const values = JSON.stringify(body).split(/[,{[]/).length;
      assert.ok(turns > values / 10_000, `${turns} turns of the loop for ${values} values`);
    });
  }

  it("becomes what it becomes at a stretch, or has the same fault", async () => {
    const element = z.union([z.object({ n: z.number() }).transform(({ n }) => n + 1), z.string()]);
    const list = z.object({ a: z.union([z.string(), boundedList(element, { least: 1, most: 4000 })]).nullish() });
    const plain = z.object({ a: z.union([z.string(), z.array(element)]).nullish() });
    const good = many(3000, (n) => (n % 2 === 0 ? { n } : "x"));
    for (const value of [good, good.slice(0, 5), "x", null, [...good, 7, 8], [7], 5, undefined]) {
      const expected = outcomeOf(plain.safeParse({ a: value }));
      assert.deepEqual(outcomeOf(await checkInSlices(list, { a: value })), expected);
    }
  });

  it("is refused for the first fault, wherever that is", async () => {
    const faulty = many(8, (i) => user(many(4000, (j) => (i === 5 && j === 3000 ? { type: "image_url" } : text))));
    await assert.rejects(parseBody(chatCompletionRequest, { messages: faulty }), (error: unknown) => {
      assert.ok(error instanceof RequestError);
      assert.equal(error.refusal.param, "messages[5].content[3000].type");
      return true;
    });
  });
});

function outcomeOf({ data, error }: z.ZodSafeParseResult<unknown>): unknown {
  return data ?? issueAt(error);
}

/** Where the deepest fault of the alternatives is. */
function issueAt(error: z.ZodError | undefined): string {
  const paths: string[] = [];
  const note = (issues: readonly z.core.$ZodIssue[], above: string): void => {
    for (const issue of issues) {
      const path = [above, ...issue.path].join(".");
      paths.push(path);
      if (issue.code === "invalid_union") issue.errors.forEach((errors) => note(errors, path));
    }
  };
  note(error?.issues ?? [], "");
  return paths.toSorted((a, b) => b.length - a.length)[0] ?? "none";
}
