import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FleetState, readMetrics, type UpstreamRow } from "./fleet-state.ts";
import { sampleOf } from "./sample.ts";

function upstream(id: string, steps: number, generated: number): UpstreamRow {
  const counted = {
    steps: { total: steps, decodeMs: steps * 8, betweenMs: steps * 2 },
    tokens: { prompt: 0, generated },
  };
  return { id, ready: true, active: 1, slots: [], steps: counted };
}

function state(atMs: number, upstreams: readonly UpstreamRow[], metrics: string): FleetState {
  const known = { version: "", mayAct: false, workers: [], snapshots: null, changes: [] };
  return { atMs, console: known, slots: { upstreams, queue: { depth: 2, limit: 9 } }, metrics: readMetrics(metrics) };
}

describe("the fleet's figures", () => {
  it("are sums over labels, by name", () => {
    const text = '# HELP a b\na{status="200"} 3\na{status="429"} 2\nb 1e3\nc NaN\nd_bucket{le="+Inf"} 4\n';
    assert.deepEqual(
      [...readMetrics(text)],
      [
        ["a", 5],
        ["b", 1000],
        ["d_bucket", 4],
      ],
    );
  });

  it("are what happened between two looks, a second's worth", () => {
    const before = state(
      1000,
      [upstream("1", 10, 100)],
      "drover_requests_total 4\ndrover_time_to_first_token_seconds_count 4\n",
    );
    const after = state(
      3000,
      [upstream("1", 30, 160)],
      "drover_requests_total 10\ndrover_time_to_first_token_seconds_count 6\ndrover_time_to_first_token_seconds_sum 0.5\n",
    );
    const sample = sampleOf(before, after);
    assert.equal(sample.requestsPerSecond, 3);
    assert.equal(sample.tokensPerSecond, 30);
    assert.equal(sample.firstTokenMs, 250);
    assert.equal(sample.betweenTokensMs, 10);
    assert.equal(sample.requests, 3);
  });

  it("count a worker that was started anew from zero, and are gaps where nothing was measured", () => {
    const before = state(0, [upstream("1", 500, 900)], "");
    const sample = sampleOf(before, state(1000, [upstream("1", 5, 7), upstream("2", 5, 3)], ""));
    assert.equal(sample.tokensPerSecond, 10);
    assert.equal(sampleOf(before, state(1000, [upstream("1", 500, 900)], "")).betweenTokensMs, null);
  });

  it("count a successor once, which has a name of its own until the worker that it replaces is gone", () => {
    const before = state(0, [upstream("1", 500, 900), upstream("1b", 5, 7)], "");
    assert.equal(sampleOf(before, state(1000, [upstream("1", 6, 10)], "")).tokensPerSecond, 3);
  });
});
