import { plural } from "@drover/foundation/texts";
import type { GenerationRecord, PickCandidate, PickReason, RequestRecord } from "../request-record.ts";

const sources: Readonly<Record<GenerationRecord["source"], string>> = {
  slot: "its slot",
  copy: "another slot",
  snapshot: "a snapshot",
  nothing: "nowhere",
};

/** The texts of `describeRequest` in English; the other language has the same entries. */
export const english = {
  duration: (ms: number) => (ms < 10_000 ? `${Math.round(10 * ms) / 10} ms` : `${Math.round(ms / 100) / 10} s`),
  withKey: (client: string, key: string) => `${client} with the key ${key}`,
  asked: (request: string, who: string, time: string) => `${request} of ${who}, ${time}`,
  ended: (status: number, time: string, mode: RequestRecord["mode"]) =>
    `${status} in ${time}, ${mode === "stream" ? "a stream" : "in one piece"}`,
  theModel: "the model",
  promptTokens: (model: string, all: number, cached: number) =>
    `${model}: ${all} prompt tokens, ${cached} of them cached`,
  generatedTokens: (all: number, thinking: number) => `; ${all} tokens generated, ${thinking} of them thinking`,
  firstToken: (time: string) => `, the first token after ${time}`,
  eachToken: (time: string) => `, one each ${time}`,
  endedBy: (finish: string | undefined) => `; ended by ${finish ?? "nobody knows what"}`,
  queue: (time: string) => `queue: ${time}`,
  given: (upstream: string, policy: string, why: string) => `given to ${upstream} by ${policy}: ${why}`,
  reason: (why: PickReason): string => why,
  state: (state: PickCandidate["state"]): string => state,
  running: (active: number) => plural(active, "request"),
  busy: (active: number, slots: number) => `${active} of ${plural(slots, "slot")} busy`,
  weight: (weight: number) => `, weight ${weight}`,
  holds: (characters: number) => `, holds ${characters} characters of the prompt`,
  wouldTake: (seconds: number) => `, would take ${seconds} s`,
  candidate: (upstream: string, rest: string) => `${upstream}: ${rest}`,
  comma: ", ",
  sent: (how: "first" | "again" | "resumed", upstream: string, time: string) =>
    `${how === "resumed" ? "resumed by" : how === "first" ? "sent to" : "sent again to"} ${upstream} at ${time}: `,
  noResponse: "no response",
  responded: (status: number | undefined, time: string) => `${status ?? "no status"} after ${time}`,
  brokeOff: (error: string) => `, broke off: ${error}`,
  slot: (slot: number, time: string, waited: string) => `slot ${slot} at ${time}, after ${waited} in the worker; `,
  known: (tokens: number, source: GenerationRecord["source"]) =>
    source === "nothing"
      ? "nothing of the prompt was cached"
      : `${tokens} tokens of the prompt came from ${sources[source]}`,
  pieces: (count: number, sizes: string) => `prompt read in ${plural(count, "piece")}: ${sizes}`,
  tokensFrom: (first: string, last: string) => `tokens from ${first} to ${last}`,
  steps: (sizes: string) => `steps by the sequences in them: ${sizes}`,
  stepsOf: (count: number, size: string) => `${count} of ${size}`,
};

export type RequestTexts = typeof english;
