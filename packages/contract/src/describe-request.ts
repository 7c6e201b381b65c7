import { plural } from "@drover/foundation/texts";
import type { AttemptRecord, GenerationRecord, PickCandidate, PickDecision, RequestRecord } from "./request-record.ts";

/** How a request went, as lines for people. */
export function describeRequest(record: RequestRecord): readonly string[] {
  const { picks, attempts, generations } = record;
  return [
    ...headLines(record),
    `queue: ${duration(record.queueMs)}`,
    ...picks.flatMap(pickLines),
    ...attempts.map(attemptLine),
    ...generations.flatMap(generationLines),
  ];
}

function headLines(record: RequestRecord): readonly string[] {
  const { id, method, target, status, durationMs, key, client, mode, model, tokens, finish, firstTokenMs } = record;
  const who = key === undefined ? client : `${client} with the key ${key}`;
  const lines = [
    `${id}: ${method} ${target} of ${who}, ${new Date(record.receivedAtEpochMs).toISOString()}`,
    `${status} in ${duration(durationMs)}, ${mode === "stream" ? "a stream" : "in one piece"}`,
  ];
  if (tokens === undefined) return lines;
  const first = firstTokenMs === undefined ? "" : `, the first token after ${duration(firstTokenMs)}`;
  const pace = record.tokenMs === undefined ? "" : `, one each ${duration(record.tokenMs)}`;
  lines.push(
    `${model ?? "the model"}: ${tokens.prompt} prompt tokens, ${tokens.cached} of them cached; ${tokens.completion} tokens generated, ${tokens.reasoning} of them thinking${first}${pace}; ended by ${finish ?? "nobody knows what"}`,
  );
  return lines;
}

function pickLines({ chosen, policy, why, candidates }: PickDecision): readonly string[] {
  return [`given to ${chosen} by ${policy}: ${why}`, ...candidates.map((candidate) => `  ${candidateText(candidate)}`)];
}

function candidateText({ upstream, state, active, slots, weight, heldChars, costSeconds }: PickCandidate): string {
  const room = slots === 0 ? plural(active, "request") : `${active} of ${plural(slots, "slot")} busy`;
  const held = heldChars === 0 ? "" : `, holds ${heldChars} characters of the prompt`;
  const cost = costSeconds === undefined ? "" : `, would take ${costSeconds} s`;
  return `${upstream}: ${state}, ${room}${weight === 1 ? "" : `, weight ${weight}`}${held}${cost}`;
}

function attemptLine({ upstream, atMs, headMs, status, error, resumed }: AttemptRecord, index: number): string {
  const what = resumed ? "resumed by" : index === 0 ? "sent to" : "sent again to";
  const head = headMs === undefined ? "no response" : `${status ?? "no status"} after ${duration(headMs - atMs)}`;
  return `${what} ${upstream} at ${duration(atMs)}: ${head}${error === undefined ? "" : `, broke off: ${error}`}`;
}

const sources: Readonly<Record<GenerationRecord["source"], string>> = {
  slot: "its slot",
  copy: "another slot",
  snapshot: "a snapshot",
  nothing: "nowhere",
};

function generationLines(generation: GenerationRecord): readonly string[] {
  const { slot, source, cachedTokens, pieces, steps, askedMs, beganMs, firstTokenMs, lastTokenMs } = generation;
  const known =
    source === "nothing"
      ? "nothing of the prompt was cached"
      : `${cachedTokens} tokens of the prompt came from ${sources[source]}`;
  const sizes = Object.entries(steps).map(([size, count]) => `${count} of ${size}`);
  const end =
    firstTokenMs === undefined
      ? []
      : [`  tokens from ${duration(firstTokenMs)} to ${duration(lastTokenMs ?? firstTokenMs)}`];
  return [
    `slot ${slot} at ${duration(beganMs)}, after ${duration(beganMs - askedMs)} in the worker; ${known}`,
    `  prompt read in ${plural(pieces.length, "piece")}: ${pieces.join(", ")}`,
    ...end,
    ...(sizes.length === 0 ? [] : [`  steps by the sequences in them: ${sizes.join(", ")}`]),
  ];
}

function duration(ms: number): string {
  return ms < 10_000 ? `${Math.round(10 * ms) / 10} ms` : `${Math.round(ms / 100) / 10} s`;
}
