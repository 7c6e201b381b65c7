/** Loads for the simulator: what users ask, reproducible from a seed. */
import type { SimulatedRequest, SimulatedUser } from "./simulate.ts";

/** Draws integers; both ends are drawn. */
export type Draw = (least: number, most: number) => number;

function seeded(seed: number): Draw {
  let state = seed;
  return (least, most) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return least + ((state >> 8) % (most - least + 1));
  };
}

/** Tokens that no other prompt of this load has. */
function createPrompts(): (length: number) => readonly number[] {
  let next = 0;
  return (length) => Array.from({ length }, () => next++);
}

/** A question of about 60 tokens that nobody asked before, and a response of 20 to 77. */
export function questions(seed: number): () => SimulatedRequest {
  const draw = seeded(seed);
  const prompt = createPrompts();
  return () => ({ prompt: prompt(draw(52, 67)), outputTokens: draw(20, 77) });
}

/** Users who ask again as soon as they have their response. */
export function closedLoop(users: number, next: () => SimulatedRequest | undefined): readonly SimulatedUser[] {
  return Array.from({ length: users }, (_, user) => ({ startMs: 10 * user, next }));
}

/** Conversations of `turns` questions, each with all that was said before. */
export function chats(users: number, turns: number, seed: number): readonly SimulatedUser[] {
  const draw = seeded(seed);
  const prompt = createPrompts();
  return Array.from({ length: users }, (_, user) => {
    let history: readonly number[] = [];
    const next = (turn: number) => {
      if (turn % turns === 0) history = [];
      // What the model says is one token again and again (simulated-engine.ts).
      history = [...history, ...prompt(draw(30, 60))];
      const request = { prompt: history, outputTokens: draw(20, 60) };
      history = [...history, ...Array.from({ length: request.outputTokens }, () => 1)];
      return request;
    };
    return { startMs: 10 * user, next };
  });
}
