import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { needsSharedMemory } from "../support/needs.ts";
import { kill, signalIfThere } from "../support/processes.ts";
import { until } from "../support/until.ts";

const FARM = "The drover walks behind the herd, and counts the cattle at each gate that they come to.";

/** As the balancer calls an owner: by the label of the key. */
const ownerOf = (label: string) => createHash("sha256").update(`label ${label}`).digest("hex").slice(0, 32);

interface Asked {
  readonly system?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface SlotsOfUpstream {
  readonly active: number;
  readonly steps?: object;
  readonly worker?: object;
}

describe("two keys of one drover", needsSharedMemory(16 * 2 ** 20), () => {
  const pasture = new Pasture();
  const file = join(pasture.folder, "drover.yaml");
  let drover: Drover;
  let url: string;

  const keysFile = join(pasture.folder, "keys.yaml");
  const configure = (sharePrefixes: string, keys = "apiKeys: [alice=alices-key, bob=bobs-key]") => {
    const workers = "workers: { count: 2, threads: 1, slots: 2, context: 2048, snapshots: 8MiB }";
    writeFileSync(file, `model: tiny.gguf\n${workers}\n${keys}\nsharePrefixes: ${sharePrefixes}\n`);
  };
  const reconfigure = async (sharePrefixes: string) => {
    configure(sharePrefixes);
    assert.equal((await pasture.run(["reload"])).code, 0);
  };

  before(async () => {
    await writeSyntheticModel("tiny", join(pasture.folder, "tiny.gguf"), "q8_0");
    configure("own");
    const environment = { DROVER_SUPERVISION_MAX_RESTARTS: "1000", DROVER_SUPERVISION_BACKOFF_LIMIT: "1s" };
    drover = pasture.up([], environment);
    url = await drover.url();
    await allReady();
  });
  after(() => pasture.close());

  const allReady = () => drover.workers((rows) => rows.length === 2 && rows.every((row) => row.state === "ready"));

  const post = (key: string, content: string, more: object, { system, headers }: Asked = {}) => {
    const first = system === undefined ? [] : [{ role: "system", content: system }];
    const messages = [...first, { role: "user", content }];
    return fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}s-key`, ...headers },
      body: JSON.stringify({ temperature: 0, messages, ...more }),
    });
  };

  /** How many of the prompt's tokens were known already. */
  const cached = async (key: string, content: string, asked: Asked = {}): Promise<number> => {
    const response = await post(key, content, { max_tokens: 4 }, asked);
    const { usage } = (await response.json()) as {
      readonly usage: { readonly prompt_tokens_details: { readonly cached_tokens: number } };
    };
    return usage.prompt_tokens_details.cached_tokens;
  };

  const replaceAll = async () => {
    // One after the other: the second one has time to write its snapshot.
    for (const { pid } of await pasture.status()) {
      kill(pid);
      await drover.workers((rows) => rows.every((row) => row.state === "ready" && row.pid !== pid));
    }
  };

  /** Nobody where the response was over before its worker was found. */
  const killBusy = async () => {
    const busy = (await pasture.status()).find(({ slots }) => slots.busy > 0);
    if (typeof busy?.pid === "number") signalIfThere(busy.pid, "SIGKILL");
  };

  /** The labels of whose use the key is told. */
  const told = async (key: string) => {
    const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${key}s-key` } });
    const labels = (await metrics.text()).matchAll(/^drover_tokens_total\{.*\bkey="([^"]+)"/gm);
    return [...new Set([...labels].map(([, label]) => label))];
  };

  const look = async (key: string) => {
    const response = await fetch(`${url}/upstreams`, { headers: { authorization: `Bearer ${key}s-key` } });
    const { upstreams } = (await response.json()) as { readonly upstreams: readonly SlotsOfUpstream[] };
    return upstreams;
  };

  const figures = async () => (await fetch(`${url}/metrics`, { headers: { authorization: "Bearer bobs-key" } })).text();
  const resumed = async () => Number(/^drover_resumed_streams_total (\d+)$/m.exec(await figures())?.[1]);

  /** Snapshots, by all workers. */
  const saved = async () => {
    const rows = [...(await figures()).matchAll(/^drover_worker_snapshots_total\{.*event="saved".*\} (\d+)$/gm)];
    return rows.reduce((sum, [, count]) => sum + Number(count), 0);
  };

  it("learn nothing of each other from what is cached, whatever they send", async () => {
    const secret = `${FARM} The gate's number is 4711.`;
    assert.equal(await cached("alice", secret), 0);
    assert.ok((await cached("alice", secret)) > 50);
    // As often as there are slots, each with an end of its own.
    for (let turn = 0; turn < 4; turn += 1) assert.equal(await cached("bob", `${secret} ${turn}`.slice(turn)), 0);
    const forged = { "x-drover-owner": `${ownerOf("alice")} own` };
    await cached("alice", `Forged: ${FARM}`);
    assert.equal(await cached("bob", `Forged: ${FARM}`, { headers: forged }), 0);
  });

  it("learn nothing from snapshots, by which the owner's own chats outlive every worker", async () => {
    const secret = `At night: ${FARM}`;
    const before = await saved();
    await cached("alice", secret);
    await until(async () => (await saved()) > before, "the chat's state is in a snapshot");
    await replaceAll();
    assert.equal(await cached("bob", secret), 0);
    assert.ok((await cached("alice", secret)) > 50);
  });

  it("learn nothing from a stream that another worker resumed", async () => {
    const before = await resumed();
    for (let tries = 0; (await resumed()) === before; tries += 1) {
      assert.ok(tries < 20, "each stream was over before its worker could be killed");
      const stream = post("alice", `Resumed: ${FARM}`, { max_tokens: 1500, ignore_eos: true, stream: true });
      const text = (await stream).text();
      await killBusy();
      assert.match(await text, /data: \[DONE\]\n\n$/);
      await allReady();
    }
    assert.equal(await cached("bob", `Resumed: ${FARM}`), 0);
    assert.ok((await cached("alice", `Resumed: ${FARM}`)) > 50);
  });

  it("wait for none of each other's long responses, choices and queued requests", async () => {
    const long = { max_tokens: 1000, ignore_eos: true };
    const ended: string[] = [];
    const ask = async (key: string, content: string, more: object) => {
      const response = await post(key, content, more);
      assert.equal(response.status, 200, await response.text());
      ended.push(key);
    };
    // More than all slots of both workers, and as many again in the queue.
    const many = Array.from({ length: 6 }, (_, index) => ask("alice", `Greedy ${index}`, long));
    const choices = ask("alice", "Greedy choices", { ...long, max_tokens: 400, n: 8 });
    await drover.workers((rows) => rows.every(({ slots }) => slots.busy === slots.total));
    for (let turn = 0; turn < 3; turn += 1) await ask("bob", `Modest ${turn}`, { max_tokens: 4 });
    assert.deepEqual(ended, ["bob", "bob", "bob"]);
    await Promise.all([...many, choices]);
  });

  it("wait for none of each other's requests that take no slot", async () => {
    const ended: string[] = [];
    const tokenize = async (key: string, content: string) => {
      const response = await fetch(`${url}/tokenize`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key}s-key` },
        body: JSON.stringify({ content }),
      });
      await response.arrayBuffer();
      ended.push(key);
      return response.status;
    };
    const many = Array.from({ length: 60 }, () => tokenize("alice", `${FARM}\n`.repeat(1500)));
    await until(() => ended.length > 0, "the first is served");
    for (let turn = 0; turn < 3; turn += 1) assert.equal(await tokenize("bob", "hello"), 200);
    assert.deepEqual(new Set(await Promise.all(many)), new Set([200]));
    assert.equal(ended.at(-1), "alice", "all of the other key's requests came before");
  });

  it("see how much all of them use, and nothing of a single request of another one", async () => {
    const leave = new AbortController();
    const running = post("alice", `Looked at: ${FARM}`, { max_tokens: 1800, ignore_eos: true, stream: true });
    const read = running.then((response) => response.body?.pipeTo(new WritableStream(), { signal: leave.signal }));
    await drover.workers((rows) => rows.some(({ slots }) => slots.busy > 0));
    const seen = await look("bob");
    assert.ok(seen.some(({ active }) => active > 0));
    assert.ok(seen.every(({ steps, worker }) => steps !== undefined && worker === undefined));
    assert.doesNotMatch(JSON.stringify(seen), /alice|_tokens|Looked/);
    leave.abort();
    await read.catch(() => {});
  });

  it("have limits in tokens of their own, for which streams count too that another worker resumed", async () => {
    const use = async (): Promise<number> => {
      const { stdout } = await pasture.run(["keys", "--json"]);
      const { keys } = JSON.parse(stdout) as { keys: readonly { label: string; tokensPerDay: { used: number } }[] };
      return keys.find(({ label }) => label === "alice")?.tokensPerDay.used ?? 0;
    };
    const before = await resumed();
    for (let tries = 0; (await resumed()) === before; tries += 1) {
      assert.ok(tries < 20, "each stream was over before its worker could be killed");
      const used = await use();
      const more = { max_tokens: 1000, ignore_eos: true, stream: true, stream_options: { include_usage: true } };
      const text = (await post("alice", `Counted: ${tries}`, more)).text();
      await killBusy();
      const total = Number(/"total_tokens":(\d+)/.exec(await text)?.[1]);
      assert.ok(total > 1000);
      await until(async () => (await use()) === used + total, `${total} tokens are counted beside ${used}`);
      await allReady();
    }
    assert.deepEqual(await told("alice"), ["alice"]);
    assert.deepEqual(await told("bob"), ["bob"]);
    const limit = (await use()) + 2000;
    writeFileSync(keysFile, `keys:\n  alice: { key: alices-key, tokensPerDay: ${limit} }\n  bob: bobs-key\n`);
    configure("own", `apiKeysFile: ${keysFile}\nmetrics: { readers: [bob] }`);
    assert.equal((await pasture.run(["reload"])).code, 0);
    assert.deepEqual((await told("bob")).toSorted(), ["alice", "bob"]);
    const look = await fetch(`${url}/slots`, { headers: { authorization: "Bearer bobs-key" } });
    assert.match(await look.text(), /"generated_tokens":\d/);
    let refused: Response | undefined;
    for (let tries = 0; refused === undefined; tries += 1) {
      assert.ok(tries < 20, "nothing is refused");
      const response = await post("alice", `Limited: ${tries}`, { max_tokens: 400, ignore_eos: true });
      assert.equal(response.headers.get("x-ratelimit-limit-tokens"), String(limit));
      if (response.status === 429) refused = response;
      else assert.equal(response.status, 200);
      await response.text();
    }
    assert.equal(refused.headers.get("x-ratelimit-remaining-tokens"), "0");
    assert.match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    assert.equal((await post("bob", "Not limited", { max_tokens: 4 })).status, 200);
    assert.match((await pasture.run(["keys"])).stdout, new RegExp(`alice .*\\d+ of ${limit}\n`));
  });

  it("share what comes of a system message with --share-prefixes system, and no letter of what was said", async () => {
    await reconfigure("system");
    const system = `You count cattle. ${FARM}`;
    await cached("alice", `Shared? ${FARM}`, { system });
    const other = await cached("bob", "What is this?", { system });
    assert.ok(other > 50, `only ${other} tokens of the system message`);
    await replaceAll();
    assert.equal(await cached("bob", `Shared? ${FARM}`, { system }), other, "by snapshots no more");
    await cached("alice", `Plain: ${FARM}`);
    assert.equal(await cached("bob", `Plain: ${FARM}`), 0, "without a system message nothing is shared");
  });

  it("share everything with --share-prefixes all", async () => {
    await reconfigure("all");
    await cached("alice", `Everything: ${FARM}`);
    assert.ok((await cached("bob", `Everything: ${FARM}`)) > 50);
  });
});
