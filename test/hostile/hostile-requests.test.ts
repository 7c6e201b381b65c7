import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { writeSyntheticModel } from "@drover/models";
import { Pasture, type WorkerRow } from "../support/drover-process.ts";
import { environmentOf, residentBytesOf } from "../support/processes.ts";
import { PATIENCE_MS } from "../support/until.ts";

/** CPU time that a worker's loop may spend between two steps, in which all others wait. */
const MOST_BETWEEN_MS = 250;

/** Memory that a worker may have grown by after all hostile requests: buffers of 10 MiB bodies that are not yet collected. */
const MOST_GROWTH_BYTES = 160 * 2 ** 20;

type Hostile = readonly [path: string, body: unknown];

const chat = (content: unknown): Hostile => [
  "/v1/chat/completions",
  { messages: [{ role: "user", content }], max_tokens: 4 },
];

const RUNS = ["-", "ACGT", "汉"].map((run) => run.repeat(Math.ceil(30_000 / run.length)));
const [DASHES = "", LETTERS = ""] = RUNS;

/** Texts on which llama.cpp's pre-tokenizers overflow the stack, by each route that tokenizes. */
const KILLER_TEXTS: readonly Hostile[] = [
  ...RUNS.map(chat),
  ["/v1/completions", { prompt: DASHES, max_tokens: 4 }],
  ["/v1/embeddings", { input: DASHES }],
  ["/v1/messages", { model: "m", max_tokens: 4, messages: [{ role: "user", content: DASHES }] }],
  ["/v1/messages/count_tokens", { model: "m", messages: [{ role: "user", content: LETTERS }] }],
  ["/v1/responses", { input: DASHES, max_output_tokens: 4 }],
  ["/tokenize", { content: DASHES }],
  ["/tokenize", { content: "|---".repeat(60_000) }],
];

const format = (schema: unknown): Hostile => [
  "/v1/chat/completions",
  {
    messages: [{ role: "user", content: "x" }],
    max_tokens: 8,
    response_format: { type: "json_schema", json_schema: { name: "a", schema } },
  },
];

const EIGHT = ["a", "b", "c", "d", "e", "f", "g", "h"];
const recursive = (name: string) => ({
  type: "object",
  properties: Object.fromEntries(EIGHT.map((property) => [property, { $ref: `#/$defs/${name}` }])),
  required: EIGHT,
});
const LATTICE = Object.fromEntries(
  Array.from({ length: 20 }, (_, level) => {
    const next = { $ref: `#/$defs/l${Math.min(19, level + 1)}` };
    return [`l${level}`, level === 19 ? { type: "object" } : { allOf: [next, next] }];
  }),
);

/** Schemas and patterns that cost seconds to convert, or with a large vocabulary seconds for each token. */
const COSTLY_SCHEMAS: readonly Hostile[] = [
  format({ oneOf: [{ $ref: "#/$defs/x" }, { $ref: "#/$defs/y" }], $defs: { x: recursive("x"), y: recursive("y") } }),
  format({ $ref: "#/$defs/l0", $defs: LATTICE }),
  format({ type: "object", properties: Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`p${i}`, {}])) }),
  format({ type: "string", pattern: "^(a?){60}$" }),
  format({ type: "string", pattern: "^(a?){100}$" }),
  format({ enum: Array.from({ length: 1000 }, (_, i) => `value ${i}`) }),
  format({ enum: Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(0x4e00 + i)) }),
  format({ type: "array", items: { type: "string", maxLength: 100_000 }, maxItems: 100_000 }),
  format({ allOf: [{ properties: { a: { $ref: "#" } } }, { properties: { a: { $ref: "#" }, b: { $ref: "#" } } }] }),
];

const held = (grammar: string): Hostile => [
  "/v1/chat/completions",
  { messages: [{ role: "user", content: "x" }], max_tokens: 4, grammar },
];

/** llama.cpp follows ever more alternatives in it until a token takes too long. */
const ENDLESS_PATTERN = format({ type: "string", pattern: "^((a|aa|aaa){0,50}b?){0,50}$" });

/** Grammars of clients that llama.cpp looks at for seconds, or for ever, some of them only after the first tokens. */
const COSTLY_GRAMMARS: readonly Hostile[] = [
  held('root ::= s\ns ::= "a" s "b" | "a" s "c" | "a" s "d"'),
  held('root ::= "x" s\ns ::= [a-c] s "b" | [a-d] s "c" | [a-e] s "d" | [a-f] s "e"'),
  held('root ::= ("a"?){60}'),
  held('root ::= "x" ("a"?){100} "y"'),
  held('root ::= (("a"*)*)*'),
  held('root ::= root "a"'),
  held(`root ::= ${"(".repeat(20_000)}"a"${")".repeat(20_000)}`),
  held(`root ::= ${Array.from({ length: 5000 }, (_, index) => `[a-z]+ "${index}"`).join(" | ")}`),
  held('root ::= [a-z]{0,2000} "!"'),
  held("root ::= nothing"),
];

const ZEROS = "0,".repeat(5 * 2 ** 20 - 100);
const MARKS = "<think>".repeat(2 ** 20);

/** A chat in which the model has called a tool before. */
const called = (text: string): Hostile => {
  const call = { id: "a", type: "function", function: { name: "f", arguments: text } };
  const messages = [
    { role: "user", content: "x" },
    { role: "assistant", content: "", tool_calls: [call] },
  ];
  return ["/v1/chat/completions", { messages, max_tokens: 4 }];
};

/** Bodies that cost far more than they say. */
const COSTLY_BODIES: readonly Hostile[] = [
  ["/v1/chat/completions", `{"messages":[${ZEROS}0]}`],
  ["/v1/chat/completions", `{"messages":[{"role":"user","content":[${ZEROS}0]}]}`],
  ["/v1/completions", `{"prompt":[${ZEROS}0]}`],
  ["/v1/embeddings", `{"input":[${ZEROS}0]}`],
  ["/v1/messages", `{"model":"m","max_tokens":1,"messages":[${ZEROS}0]}`],
  ["/v1/responses", `{"input":[${ZEROS}0]}`],
  ["/v1/chat/completions", `{"a":${"[".repeat(2_000_000)}`],
  chat("x ".repeat(5 * 2 ** 20 - 100)),
  chat(MARKS),
  called(`[${ZEROS.slice(0, -200)}0]`),
  called("[".repeat(2 ** 20)),
  [
    "/v1/chat/completions",
    { ...(chat("x")[1] as object), tools: [{ type: "function", function: { name: "f", description: MARKS } }] },
  ],
  ["/v1/chat/completions", { ...(chat("x")[1] as object), chat_template_kwargs: { a: MARKS } }],
  ["/apply-template", { messages: [{ role: "user", content: MARKS }] }],
  ["/v1/chat/completions", Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`p${index}`, 1]))],
  ["/v1/chat/completions", { ...(chat("x")[1] as object), n: 128, logprobs: true, top_logprobs: 20, max_tokens: 4000 }],
];

const SUITES = {
  "the demo model": [
    ["texts that overflow a stack", KILLER_TEXTS],
    ["schemas that take seconds", [...COSTLY_SCHEMAS, ENDLESS_PATTERN]],
    ["grammars that take seconds", COSTLY_GRAMMARS],
    ["bodies that cost more than they say", COSTLY_BODIES],
  ],
  "a vocabulary of 151,936 tokens": [["schemas that take seconds", COSTLY_SCHEMAS]],
} as const satisfies Record<string, readonly (readonly [string, readonly Hostile[]])[]>;

for (const [model, suites] of Object.entries(SUITES))
  describe(`Ten hostile requests of one client, while four others chat, with ${model}`, () => {
    const pasture = new Pasture();
    let url = "";
    before(async () => {
      const file = model === "the demo model" ? "demo" : join(pasture.folder, "wide.gguf");
      if (file !== "demo") await writeSyntheticModel("tiny-152k", file, "q8_0");
      const drover = pasture.up(["--model", file, "--workers", "2", "--threads", "1", "--slots", "4", "--embeddings"]);
      url = await drover.url();
      await drover.workers((rows) => rows.length === 2 && rows.every(({ state }) => state === "ready"));
      await chatting(url, async () => {});
    });
    after(() => pasture.close());

    for (const [name, requests] of suites) {
      it(`harm nobody but their sender: ${name}`, async (test) => {
        const workers = await pasture.status();
        const calm = await chatting(url, async () => {});
        const bytesBefore = resident(workers);
        const statuses: number[] = [];
        const troubled = await chatting(url, async () => {
          for (const [path, body] of requests) statuses.push(await send(url, path, body));
        });
        assert.deepEqual(
          statuses.filter((status) => status >= 500),
          [],
          "none of them is the server's fault",
        );
        const now = await pasture.status();
        const took = [calm, troubled].map((times) => `${Math.round(Math.max(...times))} ms`);
        test.diagnostic(
          `the others' slowest response: ${took.join(" in calm, ")} beside; statuses: ${statuses.join(" ")}`,
        );
        // How late others are depends on what else keeps the machine busy; what the loop itself did between two steps does not.
        for (const row of now) {
          const longestMs = await longestBetweenStepsMs(row);
          test.diagnostic(`worker ${row.id}: at most ${Math.round(longestMs)} ms of CPU between two steps`);
          assert.ok(longestMs < MOST_BETWEEN_MS, `worker ${row.id} was busy for ${Math.round(longestMs)} ms`);
        }
        assert.deepEqual(
          now.map(({ pid, restarts }) => ({ pid, restarts })),
          workers.map(({ pid, restarts }) => ({ pid, restarts })),
          "no worker was replaced",
        );
        const growth = resident(now) - bytesBefore;
        assert.ok(growth < MOST_GROWTH_BYTES * now.length, `the workers grew by ${Math.round(growth / 2 ** 20)} MiB`);
      });
    }
  });

async function longestBetweenStepsMs({ pid, port }: WorkerRow): Promise<number> {
  const name = "DROVER_WORKER_SECRET=";
  const secret = environmentOf(pid ?? 0)
    .find((entry) => entry.startsWith(name))
    ?.slice(name.length);
  const response = await fetch(`http://127.0.0.1:${port}/steps`, { headers: { "x-drover-secret": secret ?? "" } });
  return ((await response.json()) as { steps: { longestBetweenCpuMs: number } }).steps.longestBetweenCpuMs;
}

function resident(workers: readonly { readonly pid: number | null }[]): number {
  return workers.reduce((sum, { pid }) => sum + (pid === null ? 0 : residentBytesOf(pid)), 0);
}

/** Four clients chat, and read what they got for as long as it took, each at least three times, until `meanwhile` is over. @returns what each response took */
async function chatting(url: string, meanwhile: () => Promise<void>): Promise<readonly number[]> {
  const took: number[] = [];
  const state = { over: false };
  const client = async (name: number) => {
    for (let turn = 0; turn < 3 || !state.over; turn++) {
      const start = performance.now();
      const status = await send(url, "/v1/chat/completions", {
        messages: [{ role: "user", content: `Client ${name}, turn ${turn}: hello?` }],
        max_tokens: 8,
      });
      const tookMs = performance.now() - start;
      took.push(tookMs);
      assert.equal(status, 200, "an honest request failed");
      // Whoever chats reads as well. Without a moment of idle CPUs, processes of low priority take minutes over what the other client sent.
      await pause(tookMs);
    }
  };
  const clients = Promise.all([1, 2, 3, 4].map(client));
  try {
    await meanwhile();
  } finally {
    state.over = true;
  }
  await clients;
  return took;
}

async function send(url: string, path: string, body: unknown): Promise<number> {
  const response = await fetch(url + path, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  await response.text();
  return response.status;
}
