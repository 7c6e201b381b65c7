import { createInterface } from "node:readline";
import { messageOf } from "@drover/foundation/error-text";
import { printable } from "@drover/foundation/printable";
import { type ChatMessage, type ChatServer, streamChat } from "./chat-server.ts";

/** Where a conversation is shown, and read from. */
export interface Desk {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly hasColours: boolean;
}

const DIM = "\u001b[2m";
const PLAIN = "\u001b[22m";
const PROMPT = "> ";

/** What was said so far, and whom it is said to. */
export class Conversation {
  readonly #server: ChatServer;
  readonly #model: string | undefined;
  readonly #desk: Desk;
  #messages: readonly ChatMessage[] = [];

  constructor(server: ChatServer, model: string | undefined, desk: Desk) {
    this.#server = server;
    this.#model = model;
    this.#desk = desk;
  }

  /**
   * Asks, and shows the response as it comes. What was shown before an abort stays part of the conversation.
   * @throws SupervisorError `refused`
   */
  async ask(question: string, signal: AbortSignal): Promise<void> {
    const { stdout, hasColours } = this.#desk;
    const messages: readonly ChatMessage[] = [...this.#messages, { role: "user", content: question }];
    let content = "";
    let isThinking = false;
    const think = (begins: boolean) => {
      if (begins === isThinking) return;
      isThinking = begins;
      if (hasColours) stdout.write(begins ? DIM : PLAIN);
      if (!begins) stdout.write("\n\n");
    };
    try {
      for await (const { kind, text } of streamChat(this.#server, { model: this.#model, messages }, signal)) {
        think(kind === "thinking");
        if (kind === "text") content += text;
        stdout.write(printable(text));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      think(false);
      stdout.write("\n");
    }
    this.#messages = content === "" ? messages.slice(0, -1) : [...messages, { role: "assistant", content }];
  }

  forget(): void {
    this.#messages = [];
  }
}

/** Reads questions from the terminal until Ctrl-D, `/exit`, or Ctrl-C while nothing is generated. */
export async function talk(conversation: Conversation, desk: Desk): Promise<void> {
  const { stdin, stdout, stderr } = desk;
  const lines = createInterface({ input: stdin, output: stdout, prompt: PROMPT });
  let running: AbortController | undefined;
  let isClosed = false;
  lines.on("close", () => (isClosed = true));
  lines.on("SIGINT", () => {
    if (running === undefined) lines.close();
    else running.abort();
  });
  lines.prompt();
  for await (const line of lines) {
    const question = line.trim();
    if (question === "/exit") break;
    if (question === "/new") conversation.forget();
    else if (question !== "") {
      running = new AbortController();
      await conversation
        .ask(question, running.signal)
        .catch((error: unknown) => void stderr.write(`${printable(messageOf(error))}\n`));
      running = undefined;
    }
    // Standard input may have ended while the last question was answered.
    if (!isClosed) lines.prompt();
  }
  lines.close();
  stdout.write("\n");
}
