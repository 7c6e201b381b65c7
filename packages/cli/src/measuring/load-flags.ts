import type { LoadRequest } from "@drover/bench";
import type { Flag, Invocation } from "../line/command.ts";

/** Flags that say what load is put on a target; shared by `bench` and `tune`. */
export const loadFlags: Readonly<Record<string, Flag>> = {
  preset: { type: "text", doc: "Kind of load: small-team (the default), ask, chat, rag, mixed, code or shared-system" },
  users: { type: "text", doc: "Steps of users who ask, wait for the response, think and ask again, such as 1,2,4,8" },
  warmup: { type: "text", doc: "Left out at the start of each step, such as 60s" },
  duration: { type: "text", doc: "Measured in each step, such as 120s" },
  responses: {
    type: "number",
    alias: "answers",
    doc: "End each step's measurement with so many responses instead of by the clock",
  },
  think: { type: "text", doc: "Pause of a user between a response and the next question, such as 5s" },
  "max-tokens": {
    type: "number",
    doc: "Mean of the responses' token limits; each is drawn from half to one and a half of it",
  },
  "ignore-eos": { type: "switch", doc: "Let no response end before its token limit (ignore_eos)" },
  temperature: { type: "number", doc: "Sent with each request" },
  timeout: { type: "text", doc: "Longest silence of the target before a request counts as failed (5m)" },
  seed: { type: "number", doc: "The same seed asks the same questions (1)" },
};

/** What was typed for {@link loadFlags}. */
export async function loadRequest(invocation: Invocation): Promise<LoadRequest> {
  const { parseDuration, parseNumbers } = await import("@drover/bench");
  const read = <T>(name: string, parse: (option: string, text: string) => T): T | undefined => {
    const text = invocation.text(name);
    return text === undefined ? undefined : parse(`--${name}`, text);
  };
  return {
    preset: invocation.text("preset"),
    users: read("users", parseNumbers),
    rate: read("rate", parseNumbers),
    warmupMs: read("warmup", parseDuration),
    durationMs: read("duration", parseDuration),
    responses: invocation.number("responses"),
    thinkMs: read("think", parseDuration),
    responseTokens: invocation.number("max-tokens"),
    seed: invocation.number("seed"),
    slo: invocation.text("slo"),
    timeoutMs: read("timeout", parseDuration),
    ignoreEndOfText: invocation.isOn("ignore-eos"),
    temperature: invocation.number("temperature"),
  };
}
