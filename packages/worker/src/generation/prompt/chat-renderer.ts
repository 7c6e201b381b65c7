import { Worker } from "node:worker_threads";
import { writeJsonInSlices } from "@drover/contract/json/sliced-json";
import type { Clock } from "@drover/foundation/clock";
import { badField } from "../../errors.ts";
import { TaskThread } from "../task-thread.ts";
import type { TemplateFacts } from "./chat-template.ts";
import { type ChatWriting, type WrittenChat, writeChat } from "./chat-writer.ts";

/** What the thread makes the same writer of. */
export interface WriterFacts {
  readonly facts: TemplateFacts;
  readonly controlTexts: readonly string[];
}

/** A chat that weighs more is written apart: a template takes some milliseconds for so much. In characters. */
const MOST_WEIGHT = 64 * 1024;
/** What a message weighs beside its texts, as the template goes through each, and any other value. */
const MESSAGE_WEIGHT = 512;
const VALUE_WEIGHT = 16;

/** Writes chats by the model's template: short ones at once, long ones in a thread, where thousands of messages take half a second. */
export class ChatRenderer {
  readonly #writing: ChatWriting;
  readonly #thread: TaskThread<string>;

  constructor(workerData: WriterFacts, writing: ChatWriting, clock: Clock) {
    this.#writing = writing;
    const start = () => new Worker(new URL("chat-thread.js", import.meta.url), { workerData });
    this.#thread = new TaskThread(clock, start, (why) =>
      badField("messages", `The model's chat template can't write these messages: ${why}.`),
    );
  }

  /** @throws RequestError where the template refuses the chat */
  async render({ messages, tools, templateArguments, mayThink }: WrittenChat): Promise<string> {
    const chat = { messages, tools, templateArguments, mayThink };
    if (!isHeavy(chat)) return writeChat(this.#writing, chat);
    return await this.#thread.run(await writeJsonInSlices(chat));
  }
}

function isHeavy({ messages, tools, templateArguments }: WrittenChat): boolean {
  const left = MOST_WEIGHT - messages.length * MESSAGE_WEIGHT;
  return left < 0 || weigh([messages, tools, templateArguments], left) < 0;
}

/** @returns what is left of `left`; below zero it looks at nothing more */
function weigh(value: unknown, left: number): number {
  if (typeof value === "string") return left - value.length - VALUE_WEIGHT;
  let rest = left - VALUE_WEIGHT;
  if (typeof value !== "object" || value === null) return rest;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (rest < 0) break;
      rest = weigh(item, rest);
    }
    return rest;
  }
  for (const name in value) {
    if (rest < 0) return rest;
    rest = weigh(Reflect.get(value, name), rest - name.length);
  }
  return rest;
}
