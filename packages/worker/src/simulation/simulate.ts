import { completeSettings } from "../worker-options.ts";
import { GREEDY } from "../generation-contract.ts";
import type { CostsByThreads } from "../step-costs/costs-by-threads.ts";
import { createStepCosts } from "@drover/contract/step-costs";
import { SlotPool } from "../slots/slot-pool.ts";
import { createSimulatedEngine } from "./simulated-engine.ts";
import type { RecordedMachine } from "./recorded-machines.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** One request of a simulated user. Token ids matter only for what prompts have in common. */
export interface SimulatedRequest {
  readonly prompt: readonly number[];
  readonly outputTokens: number;
}

/** Comes at `atMs`, or `pauseMs` after the user's last response ended. */
export interface SimulatedUser {
  readonly startMs: number;
  /** Undefined: the user leaves. */
  readonly next: (turn: number) => SimulatedRequest | undefined;
  readonly pauseMs?: number;
  /** Whose requests these are. @default everybody is the same owner */
  readonly owner?: string;
}

/** What one request saw, in ms on the virtual clock. */
export interface SimulatedResponse {
  readonly user: number;
  readonly turn: number;
  readonly request: SimulatedRequest;
  readonly sentMs: number;
  readonly tokenMs: readonly number[];
  /** Undefined: still running when the simulation ended. */
  readonly endMs: number | undefined;
}

export interface Simulation {
  readonly machine: RecordedMachine;
  readonly slots: number;
  readonly users: readonly SimulatedUser[];
  readonly durationMs: number;
  /** @default 1500 */
  readonly longestPauseMs?: number;
  /** @default 4096 */
  readonly contextTokens?: number;
  /** What plans and learns from the steps. @default the machine's table, as it is */
  readonly learner?: CostsByThreads;
}

/** Runs the real slot pool, batch loop and scheduler on a virtual clock over an engine that takes what a recorded machine took. */
export async function simulate(simulation: Simulation): Promise<readonly SimulatedResponse[]> {
  const { machine, slots, users, durationMs, contextTokens = 4096, longestPauseMs = 1500, learner } = simulation;
  const clock = new VirtualClock();
  const engine = createSimulatedEngine(machine, { clock, slots, contextTokens });
  const costs = learner?.costs ?? createStepCosts(machine.costs.points);
  const learning = learner === undefined ? {} : { learner };
  const pool = new SlotPool({ engine, clock, costs, ...learning, settings: completeSettings({ longestPauseMs }) });
  const responses: SimulatedResponse[] = [];
  void runUsers(users, { nowMs: () => clock.monotonicMs(), until: (atMs) => clock.until(atMs), pool, responses });
  await clock.run(durationMs);
  return responses;
}

/** What users live in: a clock that starts at 0, the pool that serves them, and where their responses are noted. */
export interface World {
  readonly nowMs: () => number;
  readonly until: (atMs: number) => Promise<void>;
  readonly pool: SlotPool;
  readonly responses: SimulatedResponse[];
  readonly onEnded?: () => void;
}

/** Lets all users ask until they leave. */
export async function runUsers(users: readonly SimulatedUser[], world: World): Promise<void> {
  await Promise.all(users.map((behaviour, user) => live(user, behaviour, world)));
}

async function live(user: number, { startMs, next, pauseMs = 0, owner }: SimulatedUser, world: World): Promise<void> {
  await world.until(startMs);
  for (let turn = 0; ; turn++) {
    const request = next(turn);
    if (request === undefined) return;
    await ask({ user, turn, request, owner }, world);
    if (pauseMs > 0) await world.until(world.nowMs() + pauseMs);
  }
}

interface Asked extends Pick<SimulatedResponse, "user" | "turn" | "request"> {
  readonly owner: string | undefined;
}

function ask({ user, turn, request, owner }: Asked, world: World): Promise<void> {
  const { nowMs, pool, responses } = world;
  const tokenMs: number[] = [];
  const response = { user, turn, request, sentMs: nowMs(), tokenMs, endMs: undefined as number | undefined };
  responses.push(response);
  return new Promise((resolve) => {
    pool.generate(
      {
        prompt: request.prompt,
        maxTokens: request.outputTokens,
        sampling: GREEDY,
        cachePrompt: true,
        ignoreEndOfText: true,
        ...(owner === undefined ? {} : { owner: { id: owner, shares: "own" } }),
      },
      {
        onToken: () => {
          tokenMs.push(nowMs());
          return "go-on";
        },
        onEnd: () => {
          response.endMs = nowMs();
          world.onEnded?.();
          resolve();
        },
      },
    );
  });
}
