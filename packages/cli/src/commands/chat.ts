import { ConfigError, loadSettings } from "@drover/config";
import { printable } from "@drover/foundation/printable";
import { text } from "node:stream/consumers";
import { callAdmin, type DroverStatus } from "@drover/supervisor/admin";
import { SupervisorError } from "@drover/supervisor/errors";
import type { ChatServer } from "../chat/chat-server.ts";
import type { Conversation } from "../chat/conversation.ts";
import type { Command, Invocation } from "../line/command.ts";
import { ADMIN_SETTINGS, findAdmin } from "../line/find-admin.ts";
import { keyFlag, keyOf, keyOfRunning } from "../measuring/key-to-send.ts";
import { wantsColours } from "../terminal/colours.ts";

export const chat: Command = {
  settings: ADMIN_SETTINGS,
  arguments: {
    message: { doc: "Asks this alone; without it, and where standard input is no terminal, what stands there" },
  },
  flags: keyFlag,
  examples: [
    ["drover chat", "a conversation; Ctrl-C stops a response, Ctrl-D ends"],
    ["drover chat 'Why is the sky blue?'", "one response"],
    ["git diff | drover chat", "asks what it reads"],
  ],
  run: async (invocation) => {
    const { Conversation, talk } = await import("../chat/conversation.ts");
    const { askModel } = await import("../chat/chat-server.ts");
    const { stdout, stderr, environment } = invocation;
    const { stdin } = process;
    const server = await findServer(invocation);
    const model = await askModel(server);
    const desk = { stdin, stdout, stderr, hasColours: wantsColours(stdout, environment) };
    const conversation = new Conversation(server, model, desk);
    const message = invocation.texts("message").join(" ");
    if (message !== "" || !stdin.isTTY) await askOnce(conversation, message === "" ? await text(stdin) : message);
    else {
      const rules = "Ctrl-C stops a response, /new forgets the conversation, Ctrl-D ends.";
      stdout.write(`${printable(model ?? "The model")} on ${server.url}. ${rules}\n`);
      await talk(conversation, desk);
    }
    return 0;
  },
};

async function askOnce(conversation: Conversation, message: string): Promise<void> {
  if (message.trim() === "") throw new SupervisorError("usage", "there is nothing to ask: standard input is empty");
  await conversation.ask(message, new AbortController().signal);
}

async function findServer(invocation: Invocation): Promise<ChatServer> {
  const { service } = await callAdmin<DroverStatus>(findAdmin(invocation), "GET", "/status");
  const [url] = service.urls;
  if (url === undefined)
    throw new SupervisorError("refused", `drover (pid ${service.pid}) does not serve yet; see drover status`);
  return { url, apiKey: (await keyOfRunning(invocation)) ?? (await keyIn(service.config)) };
}

/** The first key of the settings file that the running one has read, where this user may read it too. */
async function keyIn(file: string | null): Promise<string | undefined> {
  if (file === null) return undefined;
  try {
    return await keyOf(loadSettings({ flags: {}, environment: {}, file }).settings);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
