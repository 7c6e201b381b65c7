import { Found } from "../parts/found.ts";
import { type Conversation, figureNames, type Message, parameterNames, type ResponseMessage } from "./conversation.ts";

const FORMAT = "drover-conversations";

/** Conversations as a file that {@link readConversations} reads again. */
export function writeConversations(conversations: readonly Conversation[]): string {
  return `${JSON.stringify({ format: FORMAT, version: 1, conversations }, undefined, 1)}\n`;
}

/** The conversations of a file. What is no conversation is left out, and of one every field that has another type: the file may be anybody's. */
export function readConversations(text: string): readonly Conversation[] {
  const file = Found.in(text);
  if (file.string("format") !== FORMAT) return [];
  return file.list("conversations").flatMap((entry) => conversationOf(entry) ?? []);
}

function conversationOf(found: Found): Conversation | undefined {
  const id = found.string("id") ?? "";
  const messages = found.list("messages").flatMap((entry) => messageOf(entry) ?? []);
  if (!/^[\w-]{1,64}$/u.test(id) || messages.length === 0) return undefined;
  return {
    id,
    title: found.string("title") ?? "",
    system: found.string("system") ?? "",
    parameters: numbersOf(found, "parameters", parameterNames),
    messages,
    createdMs: found.number("createdMs") ?? 0,
    changedMs: found.number("changedMs") ?? 0,
  };
}

function messageOf(found: Found): Message | undefined {
  const [id, role, content] = ["id", "role", "content"].map((name) => found.string(name));
  if (id === undefined || content === undefined) return undefined;
  const atMs = found.number("atMs") ?? 0;
  if (role === "user") return { id, role, content, atMs };
  return role === "assistant" ? responseOf(found, { id, role, content, atMs }) : undefined;
}

function responseOf(found: Found, common: Pick<ResponseMessage, "id" | "role" | "content" | "atMs">): ResponseMessage {
  const [end, error] = [found.string("end"), found.string("error")];
  const isEnd = end === "done" || end === "length" || end === "stopped" || end === "failed";
  return {
    ...common,
    reasoning: found.string("reasoning") ?? "",
    end: isEnd ? end : "stopped",
    ...(error === undefined ? {} : { error }),
    model: found.string("model") ?? "",
    workers: found.list("workers").flatMap((worker) => worker.string() ?? []),
    requestId: found.string("requestId") ?? "",
    figures: numbersOf(found, "figures", figureNames),
    ...othersOf(found),
  };
}

/** Those that have others of their own are none of ours. */
function othersOf(found: Found): Pick<ResponseMessage, "others"> {
  const others = found
    .list("others")
    .flatMap((entry) => (entry.list("others").length === 0 ? (messageOf(entry) ?? []) : []))
    .filter((message) => message.role === "assistant");
  return others.length === 0 ? {} : { others };
}

function numbersOf(found: Found, of: string, names: readonly string[]): Readonly<Record<string, number>> {
  const entries = names.map((name) => [name, found.number(of, name)] as const);
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}
