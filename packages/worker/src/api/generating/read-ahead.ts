import type { ChatJob, PreparedChat } from "../../generation/chat-request.ts";
import type { OutputEnd, OutputPiece } from "../../generation/output/output.ts";
import type { GenerationRequest } from "../../generation-contract.ts";
import type { Serving } from "../serving.ts";

/** A first question need not have a second one. Its response is read ahead when nobody has asked for anything for so long. */
const QUIET_MS = 1000;

/** Follows a chat's response, and has the slots read what the next turn will begin with once it has ended. */
export class ReadAhead {
  readonly #serving: Serving;
  readonly #chat: Pick<PreparedChat, "nextPrompt">;
  readonly #systemTokens: Pick<GenerationRequest, "systemTokens">;
  readonly #hasTurns: boolean;
  #content = "";

  constructor(
    serving: Serving,
    job: Pick<ChatJob, "messages">,
    chat: Pick<PreparedChat, "nextPrompt"> & Pick<GenerationRequest, "systemTokens">,
  ) {
    this.#serving = serving;
    this.#chat = chat;
    this.#systemTokens = chat.systemTokens === undefined ? {} : { systemTokens: chat.systemTokens };
    this.#hasTurns = job.messages.some(({ role }) => role === "assistant");
  }

  onPieces(pieces: readonly OutputPiece[]): void {
    for (const piece of pieces) if (piece.kind === "content") this.#content += piece.text;
  }

  /** After a call of a tool the next turn comes at once, and with tokens of its own. */
  onEnd({ finish }: OutputEnd): void {
    if (finish !== "stop" && finish !== "length") return;
    this.#serving.clock.after(this.#hasTurns ? 0 : QUIET_MS, () => {
      this.#read().catch((error: unknown) => this.#serving.logger.warn({ err: error }, "a chat is not read ahead"));
    });
  }

  async #read(): Promise<void> {
    const { generator, slots } = this.#serving;
    const { processing, queued } = slots.counts();
    if (!this.#hasTurns && processing + queued > 0) return;
    const prompt = await this.#chat.nextPrompt(this.#content);
    if (prompt.length > 0) generator.readAhead?.({ prompt, ...this.#systemTokens });
  }
}

/** Undefined where the next turn can't be foreseen, or its state may not be kept. */
export function readAheadOf(
  serving: Serving,
  job: Pick<ChatJob, "messages" | "cachePrompt" | "prefill">,
  chat: Pick<PreparedChat, "nextPrompt"> & Pick<GenerationRequest, "systemTokens">,
): ReadAhead | undefined {
  return job.cachePrompt && job.prefill === undefined ? new ReadAhead(serving, job, chat) : undefined;
}
