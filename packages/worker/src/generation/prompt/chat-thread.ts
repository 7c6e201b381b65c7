/** Entry point of the thread that writes long chats by the model's template. */
import { workerData } from "node:worker_threads";
import { serveTasks } from "../task-thread.ts";
import type { WriterFacts } from "./chat-renderer.ts";
import { ChatTemplate } from "./chat-template.ts";
import { type WrittenChat, writeChat } from "./chat-writer.ts";
import { ControlTexts } from "./control-texts.ts";

const { facts, controlTexts } = workerData as WriterFacts;
const writing = { template: new ChatTemplate(facts), controlTexts: new ControlTexts(controlTexts) };

serveTasks((chat) => writeChat(writing, chat as WrittenChat));
