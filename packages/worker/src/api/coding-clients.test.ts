import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { IGNORED_HEADER } from "@drover/contract/headers";
import { askScripted } from "../test-support/ask-scripted.ts";

const inputSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: { file_path: { type: "string", description: "An absolute path" }, limit: { type: "number" } },
  required: ["file_path"],
  additionalProperties: false,
};

/** A first request in the shape of Claude Code's. */
function claudeCode(more: object = {}, turn = "a1"): object {
  return {
    model: "claude-sonnet-4-5",
    max_tokens: 2000,
    stream: false,
    system: [
      { type: "text", text: `x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli; cch=${turn};` },
      { type: "text", text: "You help with code.", cache_control: { type: "ephemeral" } },
    ],
    messages: [
      { role: "user", content: [{ type: "text", text: "Hello", cache_control: { type: "ephemeral" } }] },
      { role: "system", content: "The date has changed." },
    ],
    tools: [
      { name: "Read", description: "Reads a file.", input_schema: inputSchema },
      { name: `mcp__${"long".repeat(20)}__look`, description: "Looks.", input_schema: { type: "object" } },
      { type: "web_search_20250305", name: "web_search", max_uses: 8 },
    ],
    metadata: { user_id: "user_1_account__session_2" },
    thinking: { type: "adaptive", display: "summarized" },
    output_config: { effort: "low" },
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    cache_control: { type: "ephemeral" },
    ...more,
  };
}

describe("A worker, asked as Claude Code asks", () => {
  it("takes its first request, bounds thinking by the effort, and names what it left out", async () => {
    const { status, headers, response, prompts } = await askScripted("/v1/messages", claudeCode(), [{ text: "Hi" }]);
    assert.equal(status, 200, JSON.stringify(response));
    assert.deepEqual((response as { content: unknown }).content, [{ type: "text", text: "Hi" }]);
    assert.deepEqual(String(headers[IGNORED_HEADER]).split(", ").toSorted(), ["context_management", "tools[2]"]);
    for (const part of ["You help with code.", "The date has changed.", '"Read"', "longlong", "Hello"])
      assert.ok(prompts[0]?.includes(part), prompts[0]);
    assert.ok(!prompts[0]?.includes("web_search"), prompts[0]);
    assert.equal(typeof headers["request-id"], "string");
    const loose = await askScripted("/v1/messages", claudeCode({ model: undefined, temperature: 2.5 }), [{ text: "" }]);
    assert.equal(loose.status, 200, JSON.stringify(loose.response));
    const bounded = await askScripted("/v1/messages", claudeCode(), [
      { text: `<think>${"x".repeat(600)}` },
      { text: "Hi" },
    ]);
    assert.equal(bounded.requests[1]?.maxTokens, 2000 - 512);
  });

  it("keeps the prefix whatever the line about billing says, and counts the tokens of the same body", async () => {
    const [one, other] = [
      await askScripted("/v1/messages", claudeCode(), [{ text: "" }]),
      await askScripted("/v1/messages", claudeCode({}, "f00"), [{ text: "" }]),
    ];
    assert.equal(one.prompts[0], other.prompts[0]);
    const counted = await askScripted("/v1/messages/count_tokens", claudeCode(), []);
    assert.deepEqual(counted.response, { input_tokens: one.requests[0]?.prompt.length });
  });

  it("counts chats that no slot can hold, up to a bound, as a count needs none", async () => {
    const path = "/v1/messages/count_tokens";
    const claude = await askScripted(path, claudeCode({ messages: longChat(2000) }), []);
    const short = await askScripted(path, claudeCode({ messages: longChat(1) }), []);
    assert.equal(inputTokens(claude) - inputTokens(short), 1999 * "long ".length);
    const openai = await askScripted("/v1/responses/input_tokens", { input: longChat(2000) }, []);
    assert.ok(inputTokens(openai) > 10_000, JSON.stringify(openai.response));
    const many = Array.from({ length: 5000 }, () => longChat(1)[0]);
    assert.equal((await askScripted("/apply-template", { messages: many }, [])).status, 200);
    const endless = await askScripted(path, claudeCode({ messages: longChat(60_000) }), []);
    assert.match(JSON.stringify(endless.response), /prompt is too long: \d+ tokens > 262144 maximum/u);
  });

  it("reads what its later turns bring: thoughts, documents, results and what only a server could use", async () => {
    const messages = [
      {
        role: "user",
        content: [
          { type: "document", title: "Notes", source: { type: "text", media_type: "text/plain", data: "Line 1" } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm.", signature: "s" },
          { type: "redacted_thinking", data: "AAAA" },
          { type: "compaction", content: "It was long." },
          { type: "text", text: "I read it." },
          { type: "tool_use", id: "toolu_1", name: "Read", input: { file_path: "/a" } },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "toolu_1",
            content: [
              { type: "text", text: "Line 2" },
              { type: "tool_reference", tool_name: "Write" },
            ],
            is_error: true,
          },
          { type: "text", text: "Go on." },
        ],
      },
    ];
    const { status, response, prompts } = await askScripted("/v1/messages", claudeCode({ messages }), [
      { text: "Done" },
    ]);
    assert.equal(status, 200, JSON.stringify(response));
    for (const part of ["Notes\nLine 1", "It was long.", "I read it.", "/a", "Error: Line 2Write", "Go on."])
      assert.ok(prompts[0]?.includes(part), prompts[0]);
    assert.ok(!prompts[0]?.includes("AAAA"), prompts[0]);
  });

  it("takes what only Anthropic's newest servers do, and names what of it is left out", async () => {
    const messages = [
      { role: "user", content: "Look." },
      { role: "system", content: "Only for now.", clear_at: "next_user_message" },
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "Read", input: {} }, { type: "fallback" }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "Line 2" }] },
      { role: "system", content: [{ type: "tool_removal", tool: { type: "tool_reference", name: "Read" } }] },
      { role: "system", content: [{ type: "text", text: "Be brief." }], clear_at: "next_user_message" },
      { role: "system", output_config: { effort: "low" } },
    ];
    const thinking = { type: "between_tools" };
    const output_config = { effort: "low", task_budget: { type: "tokens", total: 1000 } };
    const body = claudeCode({ messages, thinking, output_config, tool_choice: { type: "auto" }, compaction: {} });
    const { status, headers, response, prompts } = await askScripted("/v1/messages", body, [{ text: "Done" }]);
    assert.equal(status, 200, JSON.stringify(response));
    assert.deepEqual(String(headers[IGNORED_HEADER]).split(", ").toSorted(), [
      "compaction",
      "context_management",
      "messages[4].content[0]",
      "output_config.task_budget",
      "tools[2]",
    ]);
    assert.match(prompts[0] ?? "", /Look\.[^]*Line 2[^]*Be brief\./u);
    assert.doesNotMatch(prompts[0] ?? "", /Only for now/u);
    for (const type of ["enabled", "auto"]) {
      const loose = await askScripted("/v1/messages", claudeCode({ thinking: { type }, top_k: -1 }), [{ text: "Hi" }]);
      assert.equal(loose.status, 200, JSON.stringify(loose.response));
    }
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
    for (const block of [image, { type: "video", url: "https://example.com" }]) {
      const shown = await askScripted(
        "/v1/messages",
        claudeCode({ messages: [{ role: "user", content: [block] }] }),
        [],
      );
      assert.match(JSON.stringify(shown.response), /text only.*messages\[0\]\.content\[0\]\.type/u);
    }
  });

  it("says in the words that it looks for what is too long, and that no thread is kept", async () => {
    const messages = [{ role: "user", content: "long ".repeat(2000) }];
    const long = await askScripted("/v1/messages", claudeCode({ messages }), []);
    assert.equal(long.status, 400);
    assert.match(JSON.stringify(long.response), /prompt is too long: \d+ tokens > 4095 maximum/);
    const kept = await askScripted("/v1/messages", claudeCode({ thread: { id: "t" } }), []);
    assert.equal(kept.status, 400);
    const { error } = kept.response as { error: { details: unknown } };
    assert.deepEqual(error.details, { error_code: "thread_unsupported_request", unsupported: ["thread"] });
  });
});

function longChat(times: number): readonly object[] {
  return [{ role: "user", content: "long ".repeat(times) }];
}

function inputTokens({ response }: { readonly response: unknown }): number {
  return (response as { readonly input_tokens: number }).input_tokens;
}

/** A request in the shape of Codex's, in a turn that has used tools of all kinds. */
const codex = {
  model: "gpt-5-codex",
  instructions: "You are a coding agent.",
  input: [
    { type: "message", role: "developer", content: [{ type: "input_text", text: "Sandbox: read only." }] },
    { type: "message", role: "user", content: [{ type: "input_text", text: "Fix it." }] },
    { type: "reasoning", summary: [], encrypted_content: "AAAA" },
    { type: "custom_tool_call", call_id: "c1", name: "apply_patch", input: "*** Begin Patch" },
    { type: "custom_tool_call_output", call_id: "c1", output: "patched" },
    { type: "local_shell_call", call_id: "c2", status: "completed", action: { type: "exec", command: ["ls", "-l"] } },
    { type: "local_shell_call_output", call_id: "c2", output: "total 0" },
    { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } },
    { type: "apply_patch_call", call_id: "c3", status: "completed", operation: { type: "delete_file", path: "b.ts" } },
    { type: "apply_patch_call_output", call_id: "c3", status: "completed" },
    { type: "item_of_next_year", id: "n_1", secret: "AAAA" },
  ],
  tools: [
    {
      type: "function",
      name: "shell",
      description: "Runs a command.",
      strict: false,
      parameters: { type: "object", properties: { command: { type: "array", items: { type: "string" } } } },
    },
    { type: "function", name: "plan", strict: false, parameters: { type: "object", properties: {} } },
    { type: "namespace", name: "mcp", tools: [] },
    { type: "web_search", external_web_access: true },
    { type: "custom", name: "apply_patch", format: { type: "grammar", syntax: "lark", definition: "start: x" } },
  ],
  tool_choice: "auto",
  parallel_tool_calls: true,
  reasoning: { effort: "medium", summary: "auto" },
  store: false,
  stream: false,
  include: ["reasoning.encrypted_content"],
  prompt_cache_key: "0199",
  prompt_cache_retention: "24h",
  client_metadata: { "x-codex-installation-id": "1" },
  truncation: "auto",
  text: { verbosity: "low" },
};

describe("A worker, asked as Codex asks", () => {
  it("takes its request with tools and items that it does not have, and names what it left out", async () => {
    const { status, headers, response, prompts } = await askScripted("/v1/responses", codex, [{ text: "Done" }]);
    assert.equal(status, 200, JSON.stringify(response));
    for (const part of [
      "You are a coding agent.",
      "Sandbox: read only.",
      "Fix it.",
      "*** Begin Patch",
      "patched",
      '"ls"',
      "total 0",
      "b.ts",
      '"shell"',
    ])
      assert.ok(prompts[0]?.includes(part), `${part} in ${prompts[0]}`);
    for (const part of ["AAAA", "web_search", "lark"]) assert.ok(!prompts[0]?.includes(part), part);
    const ignored = String(headers[IGNORED_HEADER]).split(", ");
    for (const name of ["input[10]", "tools[2]", "tools[3]", "tools[4]", "text.verbosity", "truncation"])
      assert.ok(ignored.includes(name), ignored.join());
  });

  it("shows thinking as a summary, and the model no tools but the allowed ones", async () => {
    const allowed = { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "plan" }] };
    const body = { ...codex, tool_choice: allowed, instructions: [{ role: "developer", content: "As a list." }] };
    const { status, response, prompts } = await askScripted("/v1/responses", body, [
      { text: "<think>Hm.</think>Done" },
    ]);
    assert.equal(status, 200, JSON.stringify(response));
    assert.ok(prompts[0]?.includes('"plan"') && prompts[0].includes("As a list."), prompts[0]);
    assert.ok(!prompts[0]?.includes('"name": "shell", "description"'), prompts[0]);
    const { output } = response as { output: readonly { type: string; summary?: unknown }[] };
    assert.deepEqual(output.find(({ type }) => type === "reasoning")?.summary, [{ type: "summary_text", text: "Hm." }]);
  });
});

/** So short that a scripted worker's slot holds them all. */
const NAMES_ONLY = [
  "{% if tools %}{% for tool in tools %}{{ tool.function.name }} {% endfor %}<tool_call>{% endif %}",
  "{% for message in messages %}{{ message.content }}{{ message.tool_calls }}{% endfor %}",
].join("");

describe("A worker, asked with more than 128 tools", () => {
  const names = Array.from({ length: 300 }, (_, index) => `t${index}`);
  const parameters = { type: "object", properties: {} };
  const functions = names.map((name) => ({ type: "function", function: { name, parameters } }));
  const messages = [{ role: "user", content: "x" }];
  const called = '<tool_call>\n{"name": "t299", "arguments": {}}\n</tool_call>';

  for (const [path, body] of [
    ["/v1/chat/completions", { messages, tools: functions }],
    ["/v1/chat/completions", { messages, tools: functions, tool_choice: "required" }],
    ["/v1/responses", { input: "x", tools: names.map((name) => ({ type: "function", name, parameters })) }],
    [
      "/v1/messages",
      { model: "m", max_tokens: 99, messages, tools: names.map((name) => ({ name, input_schema: parameters })) },
    ],
    ["/api/chat", { model: "m", stream: false, messages, tools: functions }],
  ] as const) {
    const choice = "tool_choice" in body ? `, ${body.tool_choice}` : "";
    it(`shows the model all of them, and gives the call of the last one (${path}${choice})`, async () => {
      const script = [{ text: called.slice(0, 11) }, { text: called.slice(11) }];
      const { status, response, prompts } = await askScripted(path, body, choice === "" ? script : [{ text: called }], {
        chatTemplate: NAMES_ONLY,
      });
      assert.equal(status, 200, JSON.stringify(response));
      assert.ok(prompts[0]?.startsWith(`${names.join(" ")} `), prompts[0]);
      assert.match(JSON.stringify(response), /"name":"t299"/u);
    });
  }
});
