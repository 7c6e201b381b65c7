import type { VNode } from "preact";
import { Trouble } from "../parts/trouble.tsx";
import { useEffect } from "preact/hooks";
import { texts } from "../language/language.ts";
import { bytesText } from "../language/numbers.ts";
import { Changes } from "./changes.tsx";
import { Controls } from "./controls.tsx";
import { fleet, followFleet, trouble } from "./feed.ts";
import type { FleetState, UpstreamRow } from "./fleet-state.ts";
import { Plots } from "./plots.tsx";
import { Requests } from "./requests.tsx";
import { SlotDots } from "./slot-dots.tsx";
import { WorkerTile } from "./worker-tile.tsx";

/** The workers and what they do now. */
export function View(): VNode {
  useEffect(followFleet, []);
  const state = fleet.value;
  return (
    <main id="content" class="fleet" tabIndex={0}>
      <h2 class="hidden">{texts.value.fleet}</h2>
      <Trouble text={trouble.value === "" ? "" : texts.value.noState(trouble.value)} />
      {state !== undefined && <Shown state={state} />}
    </main>
  );
}

function Shown({ state }: { readonly state: FleetState }): VNode {
  const { console: known, slots } = state;
  const byId = new Map(slots.upstreams.map((upstream) => [upstream.id, upstream]));
  return (
    <>
      <div class="summary">
        <Summary state={state} />
        <Controls mayAct={known.mayAct} count={known.workers.length} />
      </div>
      <Plots />
      <section class="workers">
        {known.workers.map((worker) => (
          <WorkerTile
            key={worker.id}
            worker={worker}
            // While one is replaced, its successor has a name of its own.
            upstream={byId.get(worker.id) ?? byId.get(`${worker.id}b`)}
            lastEnd={known.changes.findLast(({ worker: id, reason }) => id === worker.id && reason !== undefined)}
          />
        ))}
        {known.workers.length === 0 &&
          slots.upstreams.map((upstream) => <ServerTile key={upstream.id} upstream={upstream} />)}
      </section>
      <Legend />
      <Requests />
      <Changes changes={known.changes} />
    </>
  );
}

function Summary({ state: { console: known, slots } }: { readonly state: FleetState }): VNode {
  const { readyOf, busyOf, queueOf, snapshotsOf } = texts.value;
  const { workers, snapshots } = known;
  const ready = slots.upstreams.filter((upstream) => upstream.ready).length;
  const all = Math.max(workers.length, slots.upstreams.length);
  const total = slots.upstreams.reduce((sum, upstream) => sum + upstream.slots.length, 0);
  const busy = slots.upstreams.reduce((sum, { active }) => sum + active, 0);
  return (
    <ul>
      <li>{readyOf(ready, all)}</li>
      <li>{busyOf(busy, total)}</li>
      <li>{queueOf(slots.queue.depth, slots.queue.limit)}</li>
      {snapshots !== null && (
        <li>{snapshotsOf(snapshots.files, bytesText(snapshots.bytes), bytesText(snapshots.limitBytes))}</li>
      )}
    </ul>
  );
}

/** A server that Drover does not start. */
function ServerTile({ upstream }: { readonly upstream: UpstreamRow }): VNode {
  const { states } = texts.value;
  return (
    <article class={`worker state-${upstream.ready ? "ready" : "exited"}`} aria-label={upstream.id}>
      <header>
        <h3>{upstream.id}</h3>
        <span class="state">{upstream.ready ? states["ready"] : states["down"]}</span>
      </header>
      <SlotDots slots={[]} total={upstream.slots.length} busy={upstream.active} />
    </article>
  );
}

function Legend(): VNode {
  const { legendIdle, legendKept, legendPrompt, legendResponse } = texts.value;
  const entries = [
    ["idle", legendIdle, "0%"],
    ["kept", legendKept, "60%"],
    ["prompt", legendPrompt, "60%"],
    ["response", legendResponse, "60%"],
  ] as const;
  return (
    <ul class="legend">
      {entries.map(([kind, text, fill]) => (
        <li key={kind}>
          <span class={`slot ${kind}`} style={{ "--fill": fill }} aria-hidden="true" />
          {text}
        </li>
      ))}
    </ul>
  );
}
