import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { needsSharedMemory } from "../support/needs.ts";

const FARM = "The drover walks behind the herd, and counts the cattle at each gate that they come to.";

/** Whom Drover hears: an address of this machine, and what that says of its client. */
interface Client {
  readonly address: string;
  readonly forwardedFor?: string;
}

interface Chat {
  readonly usage: { readonly prompt_tokens_details: { readonly cached_tokens: number } };
}

describe("two clients of one drover without keys", needsSharedMemory(16 * 2 ** 20), () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;

  before(async () => {
    await writeSyntheticModel("tiny", join(pasture.folder, "tiny.gguf"), "q8_0");
    const workers = "workers: { count: 2, threads: 1, slots: 2, context: 2048, snapshots: 8MiB }";
    writeFileSync(join(pasture.folder, "drover.yaml"), `model: tiny.gguf\n${workers}\ntrustedProxies: [127.0.0.1]\n`);
    drover = pasture.up([]);
    url = await drover.url();
    await drover.workers((rows) => rows.length === 2 && rows.every((row) => row.state === "ready"));
  });
  after(() => pasture.close());

  const modest: Client = { address: "127.0.0.1", forwardedFor: "203.0.113.7" };

  const ask = async (client: Client, content: string, more: object, signal?: AbortSignal): Promise<Chat> => {
    const sending = request(`${url}/v1/chat/completions`, {
      method: "POST",
      agent: false,
      localAddress: client.address,
      headers: {
        "content-type": "application/json",
        ...(client.forwardedFor !== undefined && { "x-forwarded-for": client.forwardedFor }),
      },
      ...(signal && { signal }),
    });
    sending.end(JSON.stringify({ temperature: 0, messages: [{ role: "user", content }], ...more }));
    const [response] = (await once(sending, "response")) as [IncomingMessage];
    const body = await json(response);
    assert.equal(response.statusCode, 200, JSON.stringify(body));
    return body as Chat;
  };

  /** More than all slots of both workers and as many again in the queue, until the other client has had three chats. */
  const keepBusy = async (greedy: (index: number) => Client) => {
    const leave = new AbortController();
    const ended: string[] = [];
    const long = { max_tokens: 1500, ignore_eos: true };
    const kinds = [long, { ...long, n: 8 }, { ...long, grammar: "root ::= [a-z]*" }];
    const many = Array.from({ length: 9 }, async (_, index) => {
      const more = kinds[index % kinds.length] ?? long;
      await ask(greedy(index), `Greedy ${index}`, more, leave.signal);
      ended.push("greedy");
    });
    const settled = Promise.allSettled(many);
    await drover.workers((rows) => rows.every(({ slots }) => slots.busy === slots.total));
    for (let turn = 0; turn < 3; turn += 1) {
      await ask(modest, `Modest ${turn}`, { max_tokens: 4 });
      ended.push("modest");
    }
    leave.abort();
    assert.deepEqual(ended, ["modest", "modest", "modest"]);
    await settled;
  };

  it("wait for none of each other's long responses, choices and grammars, whatever an address that is not trusted says it is", async () => {
    await keepBusy((index) => ({ address: "127.0.0.2", forwardedFor: `203.0.113.${100 + index}` }));
  });

  it("wait for none of what comes from a trusted proxy without an address, which is one client", async () => {
    await keepBusy(() => ({ address: "127.0.0.1" }));
  });

  it("share what is kept of their prompts", async () => {
    await ask(modest, FARM, { max_tokens: 4 });
    const { usage } = await ask({ address: "127.0.0.2" }, FARM, { max_tokens: 4 });
    assert.ok(usage.prompt_tokens_details.cached_tokens > 50);
  });
});
