import type { ChatJob, PreparedChat } from "../../generation/chat-request.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import type { Serving } from "../serving.ts";

/** A first question need not have a second one. Its response is read ahead when nobody has asked for anything for so long. */
const QUIET_MS = 1000;

/**
 * Follows a chat's response, and has the slots read what the next turn will begin with once it has ended. Undefined where the next turn can't be foreseen,
 * or its state may not be kept.
 */
export function readAheadOf(
  { clock, generator, logger, slots }: Serving,
  job: Pick<ChatJob, "messages" | "cachePrompt" | "prefill">,
  chat: Pick<PreparedChat, "nextPrompt"> & Pick<OutputRequest, "systemTokens">,
): OutputRequest["follower"] {
  if (!job.cachePrompt || job.prefill !== undefined) return undefined;
  const hasTurns = job.messages.some(({ role }) => role === "assistant");
  let content = "";
  const read = async () => {
    const { processing, queued } = slots.counts();
    if (!hasTurns && processing + queued > 0) return;
    const prompt = await chat.nextPrompt(content);
    if (prompt.length > 0) generator.readAhead?.({ prompt, systemTokens: chat.systemTokens });
  };
  return {
    onPieces(pieces) {
      for (const piece of pieces) if (piece.kind === "content") content += piece.text;
    },
    /** After a call of a tool the next turn comes at once, and with tokens of its own. */
    onEnd({ finish }) {
      if (finish !== "stop" && finish !== "length") return;
      clock.after(hasTurns ? 0 : QUIET_MS, () => {
        read().catch((error: unknown) => logger.warn({ err: error }, "a chat is not read ahead"));
      });
    },
  };
}
