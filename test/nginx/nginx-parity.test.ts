import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/ports.ts";
import { needsNginx } from "../support/needs.ts";
import { choiceScenarios } from "./scenarios/choice.ts";
import { clientScenarios } from "./scenarios/clients.ts";
import { messageScenarios } from "./scenarios/messages.ts";
import { phaseScenarios } from "./scenarios/phases.ts";
import { hostScenarios } from "./scenarios/hosts.ts";
import { responseScenarios } from "./scenarios/responses.ts";
import { gzipScenarios } from "./scenarios/gzip.ts";
import { detailScenarios } from "./scenarios/details.ts";
import { regexScenarios } from "./scenarios/regexes.ts";
import { upgradeScenarios } from "./scenarios/upgrades.ts";
import { Side } from "./parity-side.ts";
import type { Scenario } from "./scenario.ts";
import { ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

const droverNginx = fileURLToPath(import.meta.resolve("@drover/nginx/bin/drover-nginx.js"));
const nginx = "/usr/sbin/nginx";

/** So many scenarios run side by side, since most of their time is waiting. */
const PAIRS = 3;

interface Pair {
  readonly folder: string;
  readonly real: Side;
  readonly ours: Side;
}

describe("drover-nginx --nginx-compat 1.22 beside Debian's nginx", {
  ...needsNginx("1.22"),
  concurrency: PAIRS,
}, () => {
  const root = mkdtempSync(join(tmpdir(), "drover-parity-"));
  const pairs = Array.from({ length: PAIRS }, (_, index) => makePair(join(root, String(index))));
  const idle = [...pairs];
  const dead = new Map<string, string>();

  before(async () => {
    for (const name of ["dead", "dead2"]) dead.set(name, `127.0.0.1:${await freePort()}`);
  });

  after(async () => {
    await Promise.all(pairs.flatMap(({ real, ours }) => [real.close(), ours.close()]));
    rmSync(root, { recursive: true, force: true });
  });

  for (const scenario of [
    ...choiceScenarios,
    ...messageScenarios,
    ...phaseScenarios,
    ...clientScenarios,
    ...hostScenarios,
    ...upgradeScenarios,
    ...gzipScenarios,
    ...responseScenarios,
    ...regexScenarios,
    ...detailScenarios,
  ]) {
    it(scenario.name, async () => {
      const pair = idle.pop() ?? assert.fail("more scenarios than pairs");
      await compare(scenario, pair).finally(() => idle.push(pair));
    });
  }

  async function compare(scenario: Scenario, { folder, real, ours }: Pair): Promise<void> {
    const addresses = new Map(dead);
    const upstreams: ScriptedUpstream[] = [];
    try {
      for (const [name, script] of Object.entries(scenario.upstreams ?? {})) {
        const upstream = new ScriptedUpstream(name, script);
        upstreams.push(upstream);
        const path = name.startsWith("unix:") ? join(folder, `${name.slice(5)}.sock`) : undefined;
        const port = await upstream.listen(path);
        if (path !== undefined) chmodSync(path, 0o777);
        addresses.set(name, path === undefined ? `127.0.0.1:${port}` : `unix:${path}`);
      }
      const expected = await real.observe(scenario, upstreams, addresses);
      const actual = await ours.observe(scenario, upstreams, addresses, expected);
      assert.deepEqual(actual, expected);
    } finally {
      for (const upstream of upstreams) await upstream.close();
    }
  }
});

/** The real nginx and drover-nginx, which are given the same scenarios. */
function makePair(folder: string): Pair {
  const real = new Side(join(folder, "nginx"), [nginx]);
  const ours = new Side(join(folder, "drover"), [process.execPath, droverNginx, "--nginx-compat", "1.22"]);
  return { folder, real, ours };
}
