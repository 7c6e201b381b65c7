import type { z } from "zod";
import { boundedList } from "../http/bounded-list.ts";

/** Most elements of the lists that several APIs have. They bound work, not what a client may say: no chat comes near them. */
export const MOST_MESSAGES = 8192;
/** Of one message. */
export const MOST_PARTS = 4096;
/** Of one message. */
export const MOST_CALLS = 1024;
export const MOST_TOOLS = 1024;
export const MOST_STOPS = 64;
export const MOST_TOKENS = 262_144;
/** Choices of one request, over all of its prompts. */
export const MOST_CHOICES = 128;
/** Tokens with a bias. */
export const MOST_BIASES = 8192;

/** The messages or items of a chat. */
export function messageList<T extends z.ZodType>(message: T) {
  return boundedList(message, { least: 1, most: MOST_MESSAGES, empty: "must have at least one message" });
}
