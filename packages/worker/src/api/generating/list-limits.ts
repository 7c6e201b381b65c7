import { z } from "zod";
import { boundedList } from "../http/bounded-list.ts";
import { tokenList } from "../http/plain-values.ts";

/** Most elements of the lists that several APIs have. They bound work, not what a client may say: no chat comes near them. */
export const MOST_MESSAGES = 8192;
/** Of one message. */
export const MOST_PARTS = 4096;
/** Of one message. */
export const MOST_CALLS = 1024;
export const MOST_TOOLS = 1024;
const MOST_STOPS = 64;
/** Of one stop: with each token every beginning of it is looked for. */
const MOST_STOP_CHARACTERS = 1000;
/** Tokens that end a response; each token of it is compared with all of them. */
export const MOST_STOP_TOKENS = 8192;
export const MOST_TOKENS = 262_144;
/** Choices of one request, over all of its prompts. */
export const MOST_CHOICES = 128;
/** Tokens with a bias. */
export const MOST_BIASES = 8192;

/** The messages or items of a chat. */
export function messageList<T extends z.ZodType>(message: T) {
  return boundedList(message, { least: 1, most: MOST_MESSAGES, empty: "must have at least one message" });
}

/** One text that ends a response. */
export const stopText = z.string().max(MOST_STOP_CHARACTERS);

export const stopTexts = boundedList(stopText, { most: MOST_STOPS });

/** One text, a list of tokens, or several of either. */
export function textsOrTokens(text: z.ZodString, most: number) {
  const tokens = tokenList({ least: 1, most: MOST_TOKENS });
  return z.union([text, tokens, boundedList(text, { least: 1, most }), boundedList(tokens, { least: 1, most })]);
}
