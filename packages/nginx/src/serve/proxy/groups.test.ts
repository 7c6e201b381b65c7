import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadNginxConfig } from "../../load.ts";
import { startGroup } from "./groups.ts";
import type { UpstreamGroupModel } from "../../model/model.ts";
import type { FoundAddress } from "./names.ts";

function upstreamOf(servers: string): UpstreamGroupModel {
  const conf = `resolver 127.0.0.1 valid=1s ipv6=off; upstream u { ${servers} }
    server { listen 80; location / { proxy_pass http://u; } }`;
  const files = { read: () => conf, glob: () => [], resolve: (_: string, path: string) => path };
  const [upstream] = loadNginxConfig({ path: "/c/n.conf", files, form: "part" }).model.upstreams.values();
  assert.ok(upstream !== undefined);
  return upstream;
}

/** Timers that are set, to be turned by hand. */
function handClock() {
  const timers = new Set<() => void>();
  const after = (_delayMs: number, then: () => void) => {
    timers.add(then);
    return () => void timers.delete(then);
  };
  const turn = (): void => {
    const due = [...timers];
    timers.clear();
    for (const then of due) then();
  };
  return { timers, turn, monotonicMs: () => 0, epochMs: () => 0, after, every: after };
}

describe("a group that follows a name", () => {
  it("asks again and again, and no more once it is retired, were a question under way or not", async () => {
    const clock = handClock();
    const responses: ((found: readonly FoundAddress[]) => void)[] = [];
    const ask = () => new Promise<readonly FoundAddress[]>((resolve) => responses.push(resolve));
    const respond = async (address: string): Promise<void> => {
      responses.shift()?.([{ address, ttlMs: 1000 }]);
      await new Promise((resolve) => setImmediate(resolve));
    };
    const starting = startGroup(upstreamOf("server llm.test:80 resolve;"), "http", clock, ask);
    await respond("127.0.0.1");
    const group = await starting;
    clock.turn();
    await respond("127.0.0.2");
    assert.deepEqual(
      group.pool.members.all.map(({ server }) => server),
      ["127.0.0.2:80"],
    );
    assert.equal(clock.timers.size, 1);
    clock.turn();
    assert.equal(responses.length, 1);
    group.retire();
    await respond("127.0.0.3");
    assert.equal(clock.timers.size, 0);
  });

  it("asks no more where another of its servers is not found", async () => {
    const clock = handClock();
    const upstream = upstreamOf("server llm.test:80 resolve; server nobody.invalid:80;");
    const starting = startGroup(upstream, "http", clock, async () => [{ address: "127.0.0.1", ttlMs: 1000 }]);
    await assert.rejects(starting, /host not found in upstream "nobody.invalid:80"/);
    assert.equal(clock.timers.size, 0);
  });
});
