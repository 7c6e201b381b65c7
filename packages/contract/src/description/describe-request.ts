import { chinese } from "./chinese.ts";
import { english, type RequestTexts } from "./english.ts";
import type { AttemptRecord, GenerationRecord, PickCandidate, PickDecision, RequestRecord } from "../request-record.ts";

const languages = { en: english, zh: chinese } as const satisfies Readonly<Record<string, RequestTexts>>;

/** How a request went, as lines for people. */
export function describeRequest(record: RequestRecord, language: keyof typeof languages = "en"): readonly string[] {
  const texts = languages[language];
  const { picks, attempts, generations } = record;
  return [
    ...headLines(record, texts),
    texts.queue(texts.duration(record.queueMs)),
    ...picks.flatMap((pick) => pickLines(pick, texts)),
    ...attempts.map((attempt, index) => attemptLine(attempt, index, texts)),
    ...generations.flatMap((generation) => generationLines(generation, texts)),
  ];
}

function headLines(record: RequestRecord, texts: RequestTexts): readonly string[] {
  const { id, method, target, status, durationMs, key, client, mode } = record;
  const who = key === undefined ? client : texts.withKey(client, key);
  const lines = [
    texts.asked(`${id}: ${method} ${target}`, who, new Date(record.receivedAtEpochMs).toISOString()),
    texts.ended(status, texts.duration(durationMs), mode),
  ];
  return record.tokens === undefined ? lines : [...lines, tokensLine(record, record.tokens, texts)];
}

function tokensLine(
  { model, finish, firstTokenMs, tokenMs }: RequestRecord,
  tokens: NonNullable<RequestRecord["tokens"]>,
  texts: RequestTexts,
): string {
  const { duration, promptTokens, generatedTokens, firstToken, eachToken, endedBy, theModel } = texts;
  return [
    promptTokens(model ?? theModel, tokens.prompt, tokens.cached),
    generatedTokens(tokens.completion, tokens.reasoning),
    firstTokenMs === undefined ? "" : firstToken(duration(firstTokenMs)),
    tokenMs === undefined ? "" : eachToken(duration(tokenMs)),
    endedBy(finish),
  ].join("");
}

function pickLines({ chosen, policy, why, candidates }: PickDecision, texts: RequestTexts): readonly string[] {
  const { given, reason } = texts;
  return [given(chosen, policy, reason(why)), ...candidates.map((candidate) => `  ${candidateText(candidate, texts)}`)];
}

function candidateText(candidate: PickCandidate, texts: RequestTexts): string {
  const { upstream, state, active, slots, weight, heldChars, costSeconds } = candidate;
  const rest = [
    `${texts.state(state)}${texts.comma}`,
    slots === 0 ? texts.running(active) : texts.busy(active, slots),
    weight === 1 ? "" : texts.weight(weight),
    heldChars === 0 ? "" : texts.holds(heldChars),
    costSeconds === undefined ? "" : texts.wouldTake(costSeconds),
  ];
  return texts.candidate(upstream, rest.join(""));
}

function attemptLine(attempt: AttemptRecord, index: number, texts: RequestTexts): string {
  const { upstream, atMs, headMs, status, error, resumed } = attempt;
  const how = resumed ? "resumed" : index === 0 ? "first" : "again";
  const head = headMs === undefined ? texts.noResponse : texts.responded(status, texts.duration(headMs - atMs));
  return `${texts.sent(how, upstream, texts.duration(atMs))}${head}${error === undefined ? "" : texts.brokeOff(error)}`;
}

function generationLines(generation: GenerationRecord, texts: RequestTexts): readonly string[] {
  const { slot, source, cachedTokens, pieces, steps, askedMs, beganMs, firstTokenMs, lastTokenMs } = generation;
  const { duration } = texts;
  const sizes = Object.entries(steps).map(([size, count]) => texts.stepsOf(count, size));
  const lines = [texts.pieces(pieces.length, pieces.join(texts.comma))];
  if (firstTokenMs !== undefined) {
    lines.push(texts.tokensFrom(duration(firstTokenMs), duration(lastTokenMs ?? firstTokenMs)));
  }
  if (sizes.length > 0) lines.push(texts.steps(sizes.join(texts.comma)));
  const began = texts.slot(slot, duration(beganMs), duration(beganMs - askedMs));
  return [`${began}${texts.known(cachedTokens, source)}`, ...lines.map((line) => `  ${line}`)];
}
