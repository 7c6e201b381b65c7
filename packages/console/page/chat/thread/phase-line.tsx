import type { VNode } from "preact";
import { texts } from "../../language/language.ts";
import { type Phase, running } from "../generation.ts";

/** What a running response waits for. */
export function PhaseLine({ conversationId }: { readonly conversationId: string }): VNode | null {
  const phase = running.value.get(conversationId)?.phase;
  if (phase === undefined) return null;
  if (phase.kind === "writing") return <span class="cursor" aria-hidden="true" />;
  return (
    <div class="phase" role="status">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {phaseText(phase)}
      {phase.kind === "prompt" && (
        <progress value={phase.readTokens} max={phase.allTokens} aria-label={phaseText(phase)} />
      )}
    </div>
  );
}

function phaseText(phase: Exclude<Phase, { kind: "writing" }>): string {
  const { queued, reading, sending } = texts.value;
  if (phase.kind === "queued") return queued(phase.place);
  return phase.kind === "prompt" ? reading(phase.readTokens, phase.allTokens) : sending;
}
