/** What the user may set for a conversation; what is absent is the server's default. */
export const parameterNames = ["temperature", "topP", "maxTokens", "seed"] as const;
export type Parameters = Readonly<Partial<Record<(typeof parameterNames)[number], number>>>;

/** How a response went. Times are from the moment it was asked for. */
export const figureNames = [
  "firstTokenMs",
  "thinkingMs",
  "totalMs",
  "promptTokens",
  "cachedTokens",
  "completionTokens",
] as const;
export type Figures = Readonly<Partial<Record<(typeof figureNames)[number], number>>>;

export type ResponseEnd = "running" | "done" | "length" | "stopped" | "failed";

export interface UserMessage {
  readonly id: string;
  readonly role: "user";
  readonly content: string;
  readonly atMs: number;
}

export interface ResponseMessage {
  readonly id: string;
  readonly role: "assistant";
  readonly content: string;
  readonly reasoning: string;
  readonly end: ResponseEnd;
  /** Why it failed. */
  readonly error?: string;
  readonly model: string;
  /** The workers that it comes from, in order. */
  readonly workers: readonly string[];
  readonly requestId: string;
  readonly figures: Figures;
  readonly atMs: number;
  /** Other responses to the same message. */
  readonly others?: readonly ResponseMessage[];
}

export type Message = UserMessage | ResponseMessage;

export interface Conversation {
  readonly id: string;
  /** Empty: made of the first message. */
  readonly title: string;
  readonly system: string;
  readonly parameters: Parameters;
  readonly messages: readonly Message[];
  readonly createdMs: number;
  readonly changedMs: number;
}

export function newConversation(id: string, atMs: number, from?: Conversation): Conversation {
  const { system = "", parameters = {} } = from ?? {};
  return { id, title: "", system, parameters, messages: [], createdMs: atMs, changedMs: atMs };
}

/** @param instead the response that it is to be another version of */
export function newResponse(id: string, atMs: number, instead?: ResponseMessage): ResponseMessage {
  const empty = { content: "", reasoning: "", model: "", workers: [], requestId: "", figures: {} };
  const others = instead === undefined ? {} : { others: versionsOf(instead) };
  return { id, role: "assistant", end: "running", ...empty, atMs, ...others };
}

/** With this message instead of the one of its id, or at the end. */
export function withMessage(conversation: Conversation, message: Message, atMs: number): Conversation {
  const index = conversation.messages.findIndex(({ id }) => id === message.id);
  const messages = index < 0 ? [...conversation.messages, message] : conversation.messages.with(index, message);
  return { ...conversation, messages, changedMs: atMs };
}

/** All responses to the same message, the oldest first; each knows of no others. */
export function versionsOf({ others = [], ...message }: ResponseMessage): readonly ResponseMessage[] {
  return [...others, message].toSorted((one, other) => one.atMs - other.atMs);
}

/** The response `by` steps later than this one, which it stands for from now on: under its id, so that the page stays where it is. */
export function versionBeside(message: ResponseMessage, by: number): ResponseMessage {
  const all = versionsOf(message);
  const chosen = all[all.findIndex(({ id }) => id === message.id) + by] ?? message;
  const { others: _, ...replaced } = { ...message, id: chosen.id };
  const others = all.filter(({ id }) => id !== chosen.id && id !== message.id);
  return chosen.id === message.id ? message : { ...chosen, id: message.id, others: [...others, replaced] };
}

/** Without this message and all behind it. */
export function cutBefore(conversation: Conversation, messageId: string): Conversation {
  const index = conversation.messages.findIndex(({ id }) => id === messageId);
  return index < 0 ? conversation : { ...conversation, messages: conversation.messages.slice(0, index) };
}

/** What the list shows; undefined: it has no message yet. */
export function titleOf({ title, messages }: Conversation): string | undefined {
  if (title !== "") return title;
  const first = messages
    .find(({ role }) => role === "user")
    ?.content.trim()
    .split("\n")[0];
  return first === undefined || first === "" ? undefined : first.length > 80 ? `${first.slice(0, 79)}…` : first;
}

/** Whether all words are in the title, the system prompt or a message. */
export function matches(conversation: Conversation, query: string): boolean {
  const words = query
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== "");
  if (words.length === 0) return true;
  const all = [conversation.title, conversation.system, ...conversation.messages.map(({ content }) => content)];
  const text = all.join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** A response that was running when its page was closed can't go on by itself. */
export function settled(conversation: Conversation): Conversation {
  const messages = conversation.messages.map(
    (message): Message =>
      message.role === "assistant" && message.end === "running" ? { ...message, end: "stopped" } : message,
  );
  return { ...conversation, messages };
}

/** Tokens a second while it was written, the first one left out: it waited for the prompt. Undefined: too few to say. */
export function tokensPerSecond({ completionTokens = 0, firstTokenMs, totalMs }: Figures): number | undefined {
  if (firstTokenMs === undefined || totalMs === undefined || completionTokens < 2) return undefined;
  const seconds = (totalMs - firstTokenMs) / 1000;
  return seconds > 0 ? (completionTokens - 1) / seconds : undefined;
}
