import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Lease } from "../pool/lease.ts";
import { UpstreamPool } from "../pool/upstream-pool.ts";
import type { UpstreamSpec } from "../pool/upstream.ts";
import {
  freePeer,
  type GetPeer,
  getChash,
  getHash,
  getIpHash,
  getLeastConn,
  getRandomTwo,
  getRoundRobin,
  initPeer,
  initPeers,
  type PeerData,
  type RrPeer,
} from "../test-support/nginx-upstream-model.ts";
import type { PickState } from "./policy.ts";
import type { PolicyName } from "./registry.ts";

const server = fc.record({
  weight: fc.integer({ min: 1, max: 5 }),
  maxConns: fc.integer({ min: 0, max: 3 }),
  maxFails: fc.integer({ min: 0, max: 3 }),
  failTimeoutMs: fc.constantFrom(1000, 3000, 10_000),
  down: fc.constantFrom(false, false, false, true),
  backup: fc.boolean(),
});

/** What may happen next; `which` chooses among the requests that run. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("start" as const), key: fc.string(), address: fc.ipV4() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("succeed" as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("fail" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 100, max: 6000 }) }) },
);

interface Run {
  readonly state: PickState;
  readonly data: PeerData;
  readonly lease: Lease;
}

interface Model {
  readonly policy: PolicyName;
  readonly get: GetPeer;
  readonly firstHash: number;
  readonly backups: boolean;
}

const models: readonly Model[] = [
  { policy: "round_robin", get: getRoundRobin, firstHash: 0, backups: true },
  { policy: "least_conn", get: getLeastConn, firstHash: 0, backups: true },
  { policy: "ip_hash", get: getIpHash, firstHash: 89, backups: false },
  { policy: "hash", get: getHash, firstHash: 0, backups: false },
  { policy: "consistent_hash", get: getChash, firstHash: -1, backups: false },
  { policy: "random_two", get: getRandomTwo, firstHash: 0, backups: false },
];

/** The same numbers twice: one source for each side. */
function seeded(seed: number): () => number {
  let value = seed;
  return () => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    return value / 2 ** 32;
  };
}

function modelPeer(spec: UpstreamSpec): RrPeer {
  const { weight = 1, maxConns = 0, maxFails = 1, failTimeoutMs = 10_000, down = false } = spec;
  return {
    server: spec.origin.replace("http://", ""),
    weight,
    effective_weight: weight,
    current_weight: 0,
    conns: 0,
    max_conns: maxConns,
    fails: 0,
    max_fails: maxFails,
    fail_timeout: failTimeoutMs / 1000,
    accessed: 0,
    checked: 0,
    down,
  };
}

class Comparison {
  readonly #model: Model;
  readonly #pool: UpstreamPool;
  readonly #peers: ReturnType<typeof initPeers>;
  readonly #random: () => number;
  readonly #running: Run[] = [];
  #nowMs = 1_000_000_000;
  picks = 0;

  constructor(model: Model, specs: readonly UpstreamSpec[], seed: number) {
    this.#model = model;
    const clock = {
      monotonicMs: () => this.#nowMs,
      epochMs: () => this.#nowMs,
      after: () => () => undefined,
      every: () => () => undefined,
    };
    this.#pool = new UpstreamPool({ policy: model.policy, upstreams: specs, clock, random: seeded(seed) });
    this.#random = seeded(seed);
    const peersOf = (backup: boolean): RrPeer[] =>
      specs.filter((spec) => (spec.backup ?? false) === backup).map((spec) => modelPeer(spec));
    this.#peers = initPeers(peersOf(false), peersOf(true));
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  start(key: string, address: string): void {
    const bytes = Buffer.from(key);
    const state = this.#pool.startPick({ key: bytes, clientAddress: address });
    const data = initPeer(this.#peers, address.split(".").slice(0, 3).map(Number), bytes);
    data.hash = this.#model.firstHash;
    this.#pick(state, data);
  }

  end(which: number, failed: boolean): void {
    const run = this.#running.splice(which % Math.max(1, this.#running.length), 1)[0];
    if (run === undefined) return;
    run.lease.release(failed ? "failed" : "ok");
    freePeer(run.data, failed, Math.floor(this.#nowMs / 1000));
    assert.equal(run.state.triesLeft, run.data.pc_tries);
    if (failed && run.data.pc_tries > 0) this.#pick(run.state, run.data);
  }

  #pick(state: PickState, data: PeerData): void {
    const lease = this.#pool.acquire(state);
    const peer = this.#model.get(data, Math.floor(this.#nowMs / 1000), this.#random);
    assert.equal(lease?.upstream.server, peer?.server);
    this.picks += 1;
    if (lease !== undefined) this.#running.push({ state, data, lease });
  }
}

describe("the policies", () => {
  for (const model of models) {
    it(`${model.policy} picks as nginx does, over random weights, failures, connections and times`, () => {
      fc.assert(
        fc.property(
          fc.array(server, { minLength: 1, maxLength: 6 }),
          fc.array(step, { minLength: 10, maxLength: 120 }),
          fc.nat(),
          (servers, steps, seed) => {
            const specs = servers.map((one, index) => ({
              ...one,
              id: `u${index}`,
              origin: `http://10.0.0.${index}:80${index}`,
              // nginx refuses a group without a primary server, and backups beside hashes.
              backup: model.backups && index > 0 && one.backup,
              down: one.down && index > 0,
            }));
            const comparison = new Comparison(model, specs, seed);
            for (const one of steps) {
              if (one.kind === "start") comparison.start(one.key, one.address);
              else if (one.kind === "pass") comparison.pass(one.ms);
              else comparison.end(one.which, one.kind === "fail");
            }
          },
        ),
        { numRuns: model.policy === "consistent_hash" ? 60 : 300 },
      );
    });
  }
});
