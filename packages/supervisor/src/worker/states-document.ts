import {
  EVENT_MEANINGS,
  STATE_MEANINGS,
  TRANSITIONS,
  WORKER_EVENTS,
  WORKER_STATES,
  type WorkerEvent,
} from "./transitions.ts";

/** `docs/states.md`, made from the table. `scripts/generate-docs.mjs` writes and checks it. */
export function generatedSupervisorFiles(): readonly { readonly path: string; readonly text: string }[] {
  return [{ path: "docs/states.md", text: renderStates() }];
}

function renderStates(): string {
  return `${[
    "# A worker's states",
    "",
    "Made from the table in `packages/supervisor/src/worker/transitions.ts` by `pnpm docs:generate`; do not edit it here.",
    "`drover status` shows the state; each change is one log entry `{worker, from, to, event}`.",
    "",
    "```mermaid",
    "stateDiagram-v2",
    "  [*] --> exited",
    ...arrows(),
    "```",
    "",
    "| state | meaning |",
    "| --- | --- |",
    ...WORKER_STATES.map((state) => `| \`${state}\` | ${STATE_MEANINGS[state]} |`),
    "",
    "| event | meaning |",
    "| --- | --- |",
    ...WORKER_EVENTS.map((event) => `| \`${event}\` | ${EVENT_MEANINGS[event]} |`),
    "",
    "## Every transition",
    "",
    "A pair that is not listed changes nothing.",
    "",
    "| state | event | next | what is done |",
    "| --- | --- | --- | --- |",
    ...rows(),
  ].join("\n")}\n`;
}

/** One arrow for each pair of states, with all events that lead along it. */
function arrows(): readonly string[] {
  return WORKER_STATES.flatMap((from) => {
    const byTarget = new Map<string, WorkerEvent[]>();
    for (const event of WORKER_EVENTS) {
      const to = TRANSITIONS[from][event]?.state;
      if (to !== undefined) byTarget.set(to, [...(byTarget.get(to) ?? []), event]);
    }
    return [...byTarget].map(([to, events]) => `  ${from} --> ${to}: ${events.join(", ")}`);
  });
}

function rows(): readonly string[] {
  return WORKER_STATES.flatMap((from) =>
    WORKER_EVENTS.flatMap((event) => {
      const next = TRANSITIONS[from][event];
      if (next === undefined) return [];
      return [`| \`${from}\` | \`${event}\` | \`${next.state}\` | ${next.effects.join(", ") || "nothing"} |`];
    }),
  );
}
