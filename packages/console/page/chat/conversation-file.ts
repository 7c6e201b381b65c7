import type { AnswerMessage, Conversation, Message } from "./conversation.ts";

const FORMAT = "drover-conversations";

/** Conversations as a file that {@link readConversations} reads again. */
export function writeConversations(conversations: readonly Conversation[]): string {
  return `${JSON.stringify({ format: FORMAT, version: 1, conversations }, undefined, 1)}\n`;
}

/** The conversations of a file. What is no conversation is left out, and of one every field that has another type: the file may be anybody's. */
export function readConversations(text: string): readonly Conversation[] {
  const file = asRecord(parse(text));
  if (file["format"] !== FORMAT) return [];
  return asList(file["conversations"]).flatMap((entry) => conversationOf(asRecord(entry)) ?? []);
}

function conversationOf(found: Found): Conversation | undefined {
  const id = asText(found["id"]);
  const messages = asList(found["messages"]).flatMap((entry) => messageOf(asRecord(entry)) ?? []);
  if (!/^[\w-]{1,64}$/u.test(id) || messages.length === 0) return undefined;
  return {
    id,
    title: asText(found["title"]),
    system: asText(found["system"]),
    parameters: numbersOf(found["parameters"], ["temperature", "topP", "maxTokens", "seed"]),
    messages,
    createdMs: asNumber(found["createdMs"]),
    changedMs: asNumber(found["changedMs"]),
  };
}

function messageOf(found: Found): Message | undefined {
  const { id, role, content } = found;
  if (typeof id !== "string" || typeof content !== "string") return undefined;
  const atMs = asNumber(found["atMs"]);
  if (role === "user") return { id, role, content, atMs };
  return role === "assistant" ? answerOf(found, { id, role, content, atMs }) : undefined;
}

function answerOf(found: Found, common: Pick<AnswerMessage, "id" | "role" | "content" | "atMs">): AnswerMessage {
  const { end, error } = found;
  const isEnd = end === "done" || end === "length" || end === "stopped" || end === "failed";
  return {
    ...common,
    reasoning: asText(found["reasoning"]),
    end: isEnd ? end : "stopped",
    ...(typeof error === "string" ? { error } : {}),
    model: asText(found["model"]),
    workers: asList(found["workers"]).filter((worker) => typeof worker === "string"),
    requestId: asText(found["requestId"]),
    figures: numbersOf(found["figures"], FIGURES),
  };
}

const FIGURES = [
  "queueMs",
  "firstTokenMs",
  "thinkingMs",
  "totalMs",
  "promptTokens",
  "cachedTokens",
  "completionTokens",
] as const;

type Found = Readonly<Record<string, unknown>>;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Found {
  return typeof value === "object" && value !== null ? (value as Found) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function asNumber(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function numbersOf(value: unknown, names: readonly string[]): Readonly<Record<string, number>> {
  const found = asRecord(value);
  return Object.fromEntries(
    names.flatMap((name) => (typeof found[name] === "number" ? [[name, found[name]]] : [])),
  ) as Record<string, number>;
}
