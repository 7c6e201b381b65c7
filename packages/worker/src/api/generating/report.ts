import { CALL_HEADER } from "@drover/contract/headers";
import type { RequestReport } from "@drover/contract/request-report";
import { sum } from "@drover/foundation/sums";
import type { FastifyRequest } from "fastify";
import type { OutputRequest } from "../../generation/generate.ts";
import type { OutputEnd } from "../../generation/output/output.ts";
import type { Serving } from "../serving.ts";

/** Tells the supervisor how a request went, where the balancer has named it. */
export function reportChoices(
  serving: Serving,
  { headers }: FastifyRequest,
  requests: readonly OutputRequest[],
  ends: readonly OutputEnd[],
): void {
  const call = headers[CALL_HEADER];
  if (typeof call !== "string" || serving.onReport === undefined) return;
  const nowMs = serving.clock.monotonicMs();
  serving.onReport({
    call,
    model: serving.model.id,
    tokens: tokensOf(requests, ends),
    ...askedOf(requests),
    finish: finishOf(ends),
    generations: ends.flatMap(({ timelines }) => timelines.map((timeline) => timeline.report(nowMs))),
  });
}

/** The same of a request for embeddings. */
export function reportInputs(serving: Serving, { headers }: FastifyRequest, promptTokens: number): void {
  const call = headers[CALL_HEADER];
  if (typeof call !== "string") return;
  const tokens = { prompt: promptTokens, cached: 0, completion: 0, reasoning: 0 };
  serving.onReport?.({ call, model: serving.model.id, tokens, finish: "stop", generations: [] });
}

function askedOf(requests: readonly OutputRequest[]): Pick<RequestReport, "asked"> {
  const [first] = requests;
  if (first === undefined) return {};
  const choices = requests.filter(({ prompt }) => prompt === first.prompt).length;
  return { asked: { choices, maxTokens: first.maxTokens } };
}

/** Choices of one prompt share it, and it counts once, as the first of them found it. */
function tokensOf(requests: readonly OutputRequest[], ends: readonly OutputEnd[]): RequestReport["tokens"] {
  const firsts = ends.filter(
    (_, index) => requests.findIndex(({ prompt }) => prompt === requests[index]?.prompt) === index,
  );
  return {
    prompt: sum(firsts.map(({ tokens }) => tokens.prompt)),
    cached: sum(firsts.map(({ tokens }) => tokens.cached)),
    completion: sum(ends.map(({ tokens }) => tokens.completion)),
    reasoning: sum(ends.map(({ tokens }) => tokens.reasoning)),
  };
}

function finishOf(ends: readonly OutputEnd[]): RequestReport["finish"] {
  const finishes = ends.map(({ finish }) => finish);
  return finishes.find((finish) => finish === "failed" || finish === "cancelled") ?? finishes[0] ?? "cancelled";
}
