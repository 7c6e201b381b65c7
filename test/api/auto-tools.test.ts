import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeDemoModel } from "@drover/models";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

/** It calls a tool that there is none of, with arguments that are no JSON. */
const UNRULY = {
  thought: "\nI should call something.\n",
  answer: '\n\nLet me see. <tool_call>\n{"name": "guess", arguments: whatever comes to mind}\n</tool_call> Done!',
};

const tool = {
  name: "add",
  parameters: {
    type: "object",
    properties: { a: { enum: [1, 2] }, op: { enum: ["+", "-"] } },
    required: ["a", "op"],
    additionalProperties: false,
  },
};

interface Choice {
  readonly finish_reason: string;
  readonly message: {
    readonly content: string | null;
    readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[];
  };
}

describe("tool_choice auto on a model that calls wrongly", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-unruly-"));
  let worker: ApiWorker;

  before(async () => {
    const modelPath = join(folder, "unruly.gguf");
    await writeDemoModel(modelPath, UNRULY);
    worker = await startApiWorker("tiny", { modelPath });
  });
  after(async () => {
    await worker.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (more: Readonly<Record<string, unknown>>): Promise<Choice> => {
    const messages = [{ role: "user", content: "1 + 2?" }];
    const body = JSON.stringify({ messages, max_tokens: 200, seed: 1, ...more });
    const response = await fetch(`${worker.url}/v1/chat/completions`, { method: "POST", body });
    return ((await response.json()) as { readonly choices: readonly [Choice] }).choices[0];
  };

  it("leaves it free until it begins a call, and holds that to the tools and their schemas", async () => {
    const { message, finish_reason } = await ask({ tools: [{ type: "function", function: tool }] });
    assert.equal(message.content, "Let me see.");
    assert.equal(finish_reason, "tool_calls");
    const [call] = message.tool_calls ?? [];
    assert.equal(call?.function.name, "add");
    const { a, op } = JSON.parse(call.function.arguments) as { readonly a: number; readonly op: string };
    assert.ok([1, 2].includes(a) && ["+", "-"].includes(op));
  });

  it("lets it say what it likes without tools", async () => {
    const { message, finish_reason } = await ask({});
    assert.match(message.content ?? "", /"guess", arguments: whatever comes to mind\}/u);
    assert.equal(finish_reason, "stop");
  });
});
