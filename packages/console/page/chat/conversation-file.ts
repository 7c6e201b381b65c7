import { Found } from "../parts/found.ts";
import type { ResponseMessage, Conversation, Message } from "./conversation.ts";

const FORMAT = "drover-conversations";

/** Conversations as a file that {@link readConversations} reads again. */
export function writeConversations(conversations: readonly Conversation[]): string {
  return `${JSON.stringify({ format: FORMAT, version: 1, conversations }, undefined, 1)}\n`;
}

/** The conversations of a file. What is no conversation is left out, and of one every field that has another type: the file may be anybody's. */
export function readConversations(text: string): readonly Conversation[] {
  const file = Found.in(text);
  if (file.at("format").string() !== FORMAT) return [];
  return file
    .at("conversations")
    .list()
    .flatMap((entry) => conversationOf(entry) ?? []);
}

function conversationOf(found: Found): Conversation | undefined {
  const id = found.at("id").string() ?? "";
  const messages = found
    .at("messages")
    .list()
    .flatMap((entry) => messageOf(entry) ?? []);
  if (!/^[\w-]{1,64}$/u.test(id) || messages.length === 0) return undefined;
  return {
    id,
    title: found.at("title").string() ?? "",
    system: found.at("system").string() ?? "",
    parameters: numbersOf(found.at("parameters"), ["temperature", "topP", "maxTokens", "seed"]),
    messages,
    createdMs: found.at("createdMs").number() ?? 0,
    changedMs: found.at("changedMs").number() ?? 0,
  };
}

function messageOf(found: Found): Message | undefined {
  const [id, role, content] = ["id", "role", "content"].map((name) => found.at(name).string());
  if (id === undefined || content === undefined) return undefined;
  const atMs = found.at("atMs").number() ?? 0;
  if (role === "user") return { id, role, content, atMs };
  return role === "assistant" ? responseOf(found, { id, role, content, atMs }) : undefined;
}

function responseOf(found: Found, common: Pick<ResponseMessage, "id" | "role" | "content" | "atMs">): ResponseMessage {
  const [end, error] = [found.at("end").string(), found.at("error").string()];
  const isEnd = end === "done" || end === "length" || end === "stopped" || end === "failed";
  return {
    ...common,
    reasoning: found.at("reasoning").string() ?? "",
    end: isEnd ? end : "stopped",
    ...(error === undefined ? {} : { error }),
    model: found.at("model").string() ?? "",
    workers: found
      .at("workers")
      .list()
      .flatMap((worker) => worker.string() ?? []),
    requestId: found.at("requestId").string() ?? "",
    figures: numbersOf(found.at("figures"), FIGURES),
    ...othersOf(found),
  };
}

/** Those that have others of their own are none of ours. */
function othersOf(found: Found): Pick<ResponseMessage, "others"> {
  const others = found
    .at("others")
    .list()
    .flatMap((entry) => (entry.at("others").list().length === 0 ? (messageOf(entry) ?? []) : []))
    .filter((message) => message.role === "assistant");
  return others.length === 0 ? {} : { others };
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

function numbersOf(found: Found, names: readonly string[]): Readonly<Record<string, number>> {
  const entries = names.map((name) => [name, found.at(name).number()] as const);
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}
