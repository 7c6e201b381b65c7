import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CostsByThreads } from "../step-costs/costs-by-threads.ts";
import { planGroups } from "../batching/plan-groups.ts";
import { figuresOf } from "./figures.ts";
import { chats, closedLoop, questions } from "./load.ts";
import {
  amxTwoThreads,
  type RecordedMachine,
  recordedMachines,
  zen3OneThread,
  zen3TwoThreads,
  zen4TwoThreads,
} from "./recorded-machines.ts";
import { type SimulatedRequest, type SimulatedUser, simulate } from "./simulate.ts";

const SLOTS = 16;

/** As `questions` draws them. */
const QUESTION_TOKENS = Array.from({ length: 16 }, (_, index) => 52 + index);

async function ask(machine: RecordedMachine, users: number, durationMs = 400_000) {
  const responses = await simulate({ machine, slots: SLOTS, durationMs, users: closedLoop(users, questions(users)) });
  return figuresOf(responses, 60_000, durationMs);
}

describe("the batch loop on recorded machines", () => {
  for (const machine of recordedMachines) {
    it(`answers as many questions a second as the table of ${machine.name} allows, but for a tenth`, async () => {
      for (const users of [1, 2, 4, 8, 12, 16, 20]) {
        const { requestsPerSecond } = await ask(machine, users);
        const slots = Math.min(users, SLOTS);
        const bound = boundOf(machine, { slots, promptTokens: QUESTION_TOKENS, outputTokens: 48.5 });
        const share = requestsPerSecond / bound;
        assert.ok(share > 0.9, `${users} users: ${requestsPerSecond.toFixed(3)} of ${bound.toFixed(3)} requests/s`);
      }
    });
  }

  it("gives the first token to half of 4 to 16 users within two readings of their question", async () => {
    for (const machine of [zen4TwoThreads, amxTwoThreads]) {
      for (const users of [4, 8, 12, 16]) {
        const { ttftMs } = await ask(machine, users);
        const readMs = machine.costs.groupMs(60);
        assert.ok(ttftMs.p50 < 2 * readMs, `${machine.name}, ${users} users: p50 ${ttftMs.p50} ms`);
        assert.ok(ttftMs.p95 < 4 * readMs, `${machine.name}, ${users} users: p95 ${ttftMs.p95} ms`);
      }
    }
  });

  it("reads no question as if it filled one more of the kernels' tiles than it does", async () => {
    const durationMs = 100_000;
    const users = closedLoop(1, requestsOf(65, 20, 0));
    const responses = await simulate({ machine: amxTwoThreads, slots: SLOTS, durationMs, users });
    const { ttftMs } = figuresOf(responses, 0, durationMs);
    const { costs, overheadMs } = amxTwoThreads;
    const apartMs = costs.groupMs(64) + costs.groupMs(1) + 2 * overheadMs;
    assert.ok(
      ttftMs.p95 < 1.05 * apartMs,
      `p95 ${ttftMs.p95} ms, as 64 and 1: ${apartMs}, as 65: ${costs.groupMs(65)}`,
    );
  });

  it("beats pieces of four to eight tokens, which is what one slow rule gave on Zen 3, by a third", async () => {
    const { requestsPerSecond, ttftMs } = await ask(zen3TwoThreads, 8);
    assert.ok(requestsPerSecond > 1.33 * 0.31, `${requestsPerSecond} requests/s`);
    assert.ok(ttftMs.p50 < 2300, `p50 ${ttftMs.p50} ms`);
  });

  it("pauses no running response for longer than 1.5 s, or 2 s to complete a prompt, but for what it has yet to learn", async () => {
    for (const promptTokens of [60, 500, 2000]) {
      const users = [
        ...closedLoop(6, requestsOf(60, 200, 0)),
        ...openLoop({ periodMs: 40_000, durationMs: 300_000, startMs: 5000, next: requestsOf(promptTokens, 50, 1e8) }),
      ];
      const responses = await simulate({ machine: zen4TwoThreads, slots: SLOTS, durationMs: 300_000, users });
      const { longestPauseMs } = figuresOf(responses, 0, 300_000);
      assert.ok(longestPauseMs < 1.1 * 2000, `beside ${promptTokens} tokens: ${longestPauseMs} ms`);
    }
  });

  it("begins the response to a question that is known by a step of its own, and not by everybody's next one", async () => {
    const known = { prompt: Array.from({ length: 60 }, (_, index) => 1e8 + index), outputTokens: 20 };
    const again = { startMs: 10_000, pauseMs: 777, next: () => known };
    const users = [...closedLoop(11, requestsOf(60, 400, 0)), again];
    const responses = await simulate({ machine: zen4TwoThreads, slots: SLOTS, durationMs: 200_000, users });
    const knowing = responses.filter(({ request, turn }) => request === known && turn > 0);
    const { ttftMs } = figuresOf(knowing, 0, 200_000);
    const { costs } = zen4TwoThreads;
    const mostMs = costs.groupMs(11) + costs.groupMs(1);
    assert.ok(knowing.length > 20 && ttftMs.p95 < 1.1 * mostMs, `p95 ${ttftMs.p95} ms of ${mostMs}`);
  });

  it("lets a client that asks again within some milliseconds into the very next step", async () => {
    const asking = Array.from({ length: 12 }, (_, user) => {
      const prompt = Array.from({ length: 60 }, (_, index) => 100 * user + index);
      return {
        startMs: 500 * user,
        pauseMs: 8,
        next: (turn: number) => ({ prompt, outputTokens: 20 + ((7 * user + 13 * turn) % 31) }),
      };
    });
    const responses = await simulate({ machine: zen4TwoThreads, slots: SLOTS, durationMs: 200_000, users: asking });
    const { ttftMs } = figuresOf(responses, 60_000, 200_000);
    const { costs } = zen4TwoThreads;
    assert.ok(ttftMs.p95 < 0.6 * costs.groupMs(12), `p95 ${ttftMs.p95} ms, everybody's step ${costs.groupMs(12)} ms`);
  });

  it("reads a prompt of 2,000 tokens beside eight running responses in at most 1.3 of the time that it takes alone", async () => {
    const long = openLoop({ periodMs: 90_000, durationMs: 400_000, startMs: 20_000, next: requestsOf(2000, 20, 1e8) });
    const ttft = async (streams: number) => {
      const users = [...closedLoop(streams, requestsOf(60, 200, 0)), ...long];
      const responses = await simulate({ machine: zen4TwoThreads, slots: SLOTS, durationMs: 400_000, users });
      const longOnes = responses.filter(({ request }) => request.prompt.length === 2000);
      return figuresOf(longOnes, 0, 400_000).ttftMs.p50;
    };
    const [alone, beside] = [await ttft(0), await ttft(8)];
    assert.ok(beside <= 1.3 * alone, `${beside} ms, alone ${alone} ms`);
  });

  it("starves no long prompt, though shorter ones never cease to come", async () => {
    const durationMs = 400_000;
    const users = [
      ...openLoop({ periodMs: 1300, durationMs, next: requestsOf(90, 4, 0) }),
      ...openLoop({ periodMs: 100_000, durationMs, startMs: 10_000, next: requestsOf(1000, 4, 1e8) }),
    ];
    const responses = await simulate({ machine: zen4TwoThreads, slots: SLOTS, durationMs, users });
    const long = responses.filter(({ request }) => request.prompt.length === 1000);
    const waits = long.slice(0, -1).map(({ sentMs, tokenMs }) => (tokenMs[0] ?? Number.POSITIVE_INFINITY) - sentMs);
    const readMs = zen4TwoThreads.costs.groupMs(1000);
    for (const ms of waits) assert.ok(ms < 6 * readMs, `${ms} ms, where reading it takes ${readMs}`);
  });

  it("gives a chat half of the time, and a newcomer the next piece, beside one owner's flood of long prompts", async () => {
    const durationMs = 120_000;
    const flood = { startMs: 5000, next: requestsOf(2000, 2, 1e8), owner: "flood" };
    const chat = { startMs: 0, next: requestsOf(60, 3000, 0), owner: "chat" };
    const newcomer = { startMs: 60_000, next: requestsOf(60, 20, 1e7), pauseMs: 10_000, owner: "newcomer" };
    const users = [chat, newcomer, ...Array.from({ length: 6 }, () => flood)];
    const responses = await simulate({ machine: zen4TwoThreads, slots: SLOTS, durationMs, users });
    const { costs } = zen4TwoThreads;

    const [running] = responses.filter(({ user }) => user === 0);
    const during = (running?.tokenMs ?? []).filter((at) => at > 15_000 && at < 55_000).length;
    const alone = 40_000 / costs.groupMs(1);
    assert.ok(during > 0.4 * alone, `${during} tokens in 40 s, ${alone.toFixed(0)} alone`);

    const asked = responses.filter(({ user, endMs }) => user === 1 && endMs !== undefined);
    const { ttftMs } = figuresOf(asked, 0, durationMs);
    const pieceMs = 2000;
    const mostMs = pieceMs + costs.groupMs(60) + 2 * costs.groupMs(2);
    assert.ok(asked.length >= 3 && ttftMs.p95 < 1.1 * mostMs, `p95 ${ttftMs.p95} ms of ${mostMs}`);
    const read = responses.filter(({ user, tokenMs }) => user > 1 && tokenMs.length > 0).length;
    assert.ok(read >= 2, `${read} of the flood's prompts were read`);
  });

  it("keeps computing with all threads where steps take what the tables say, also over the end of a lone response", async () => {
    const chosen: number[] = [];
    const learner = new CostsByThreads({
      threads: 2,
      onThreads: (threads) => chosen.push(threads),
      onCorrected: () => undefined,
    });
    learner.know(2, zen3TwoThreads.costs.points);
    learner.know(1, zen3OneThread.costs.points);
    const users = closedLoop(1, questions(1));
    await simulate({ machine: zen3TwoThreads, slots: SLOTS, durationMs: 60_000, users, learner });
    assert.deepEqual(chosen, []);
  });

  it("answers users in turn where there are more of them than slots", async () => {
    const responses = await simulate({
      machine: zen4TwoThreads,
      slots: 4,
      durationMs: 600_000,
      users: closedLoop(12, questions(5)),
    });
    const counts = Array.from({ length: 12 }, (_, user) => responses.filter((each) => each.user === user).length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 3, `${counts.join(" ")} responses`);
  });

  it("reads of a chat's later turns only what is new", async () => {
    const responses = await simulate({
      machine: zen4TwoThreads,
      slots: SLOTS,
      durationMs: 400_000,
      users: chats(4, 8, 3),
    });
    const later = figuresOf(
      responses.filter(({ turn }) => turn % 8 > 0),
      30_000,
      400_000,
    );
    const first = figuresOf(
      responses.filter(({ turn }) => turn % 8 === 0),
      30_000,
      400_000,
    );
    assert.ok(later.responses > 100, `${later.responses} later turns`);
    assert.ok(later.ttftMs.p50 < 1.3 * first.ttftMs.p50, `p50 ${later.ttftMs.p50}, first turns ${first.ttftMs.p50} ms`);
  });
});

/**
 * Requests a second that the machine's table allows and no scheduler can exceed: each prompt read in the pieces that cost the
 * least, each response's tokens decoded at the cheapest cost of so many slots. Attention is left out.
 */
function boundOf(
  machine: RecordedMachine,
  load: { readonly slots: number; readonly promptTokens: readonly number[]; readonly outputTokens: number },
): number {
  const decodeMs = Array.from({ length: load.slots }, (_, index) => {
    const places = Array.from({ length: index + 1 }, () => "decoding" as const);
    return (planGroups(places, machine.costs).ms + machine.overheadMs) / places.length;
  });
  // The prompt's last token gives the first of the response.
  const readMs = leastReadMs(machine, Math.max(...load.promptTokens));
  const promptMs = load.promptTokens.reduce((sum, tokens) => sum + (readMs[tokens] ?? 0), 0) / load.promptTokens.length;
  return 1000 / (promptMs + (load.outputTokens - 1) * Math.min(...decodeMs));
}

/** Of prompts of 0, 1, … tokens, in the pieces that cost the least. */
function leastReadMs({ costs, overheadMs }: RecordedMachine, mostTokens: number): readonly number[] {
  const least = [0];
  for (let tokens = 1; tokens <= mostTokens; tokens++) {
    least.push(Math.min(...least.map((restMs, rest) => restMs + overheadMs + costs.groupMs(tokens - rest))));
  }
  return least;
}

/** One request every `periodMs`, whether or not those before it have their responses. */
function openLoop(options: {
  readonly periodMs: number;
  readonly durationMs: number;
  readonly startMs?: number;
  readonly next: () => SimulatedRequest;
}): readonly SimulatedUser[] {
  const { periodMs, durationMs, startMs = 0, next } = options;
  return Array.from({ length: Math.floor((durationMs - startMs) / periodMs) }, (_, index) => ({
    startMs: startMs + index * periodMs,
    next: (turn: number) => (turn === 0 ? next() : undefined),
  }));
}

/** The same request of so many tokens each time, with a new prompt. */
function requestsOf(promptTokens: number, outputTokens: number, firstToken: number): () => SimulatedRequest {
  let next = firstToken;
  return () => ({ prompt: Array.from({ length: promptTokens }, () => next++), outputTokens });
}
