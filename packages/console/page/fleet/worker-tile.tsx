import type { VNode } from "preact";
import { texts } from "../language/language.ts";
import { bytesText, durationText, percentText, rangesText } from "../language/numbers.ts";
import { act, adminKey, pending, pendingName } from "./admin.ts";
import type { PastChange, WorkerStatus } from "@drover/contract/console-state";
import type { UpstreamRow } from "./fleet-state.ts";
import { SlotDots } from "./slot-dots.tsx";

interface WorkerTileProps {
  readonly worker: WorkerStatus;
  readonly upstream: UpstreamRow | undefined;
  readonly lastEnd: PastChange | undefined;
}

/** One worker: what it does, on which CPUs, and how often it had to be started anew. */
export function WorkerTile({ worker, upstream, lastEnd }: WorkerTileProps): VNode {
  const { workerTitle, states, restarts, requests, pinned, leased, standsBy, memory, uptime, endReason } = texts.value;
  const none = worker.elastic ? standsBy : "–";
  return (
    <article class={`worker state-${worker.state}`} aria-label={workerTitle(worker.id)}>
      <header>
        <h3>{workerTitle(worker.id)}</h3>
        <span class="state">{states[worker.state] ?? worker.state}</span>
      </header>
      <SlotDots slots={upstream?.worker ?? []} total={worker.slots.total} busy={worker.slots.busy} />
      <dl>
        <Row
          name={worker.elastic ? leased : pinned}
          value={worker.cpus.length === 0 ? none : rangesText(worker.cpus)}
        />
        <Row name="CPU" value={percentText(worker.cpuPercent)} />
        <Row name={memory} value={bytesText(worker.rssBytes)} />
        <Row name={uptime} value={worker.pid === null ? "–" : durationText(worker.uptimeMs)} />
        <Row name={requests} value={String(worker.requests)} />
        <Row name={restarts} value={String(worker.restarts)} />
      </dl>
      {worker.restarts > 0 && lastEnd?.reason !== undefined && <p class="note">{endReason(lastEnd.reason)}</p>}
      {adminKey.value !== "" && <Buttons worker={worker} />}
    </article>
  );
}

function Row({ name, value }: { readonly name: string; readonly value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Buttons({ worker: { id, state } }: Pick<WorkerTileProps, "worker">): VNode {
  const { drain, undrain, restart } = texts.value;
  const isDrained = state === "draining";
  const button = (action: string, text: string) => (
    <button
      type="button"
      disabled={pending.value.has(pendingName(action, id))}
      onClick={() => void act(action, { worker: id })}
    >
      {text}
    </button>
  );
  return (
    <div class="actions">
      {isDrained ? button("undrain", undrain) : button("drain", drain)}
      {button("restart", restart)}
    </div>
  );
}
