import type { IncomingMessage } from "node:http";

export type BodyFault = "too-large" | "timeout";

export interface BodyLimits {
  readonly limitBytes: number;
  /** Longest silence while bytes are asked for (nginx `client_body_timeout`). */
  readonly timeoutMs: number;
  /** Calls once after a delay; returns what calls it off. */
  readonly after: (delayMs: number, then: () => void) => () => void;
}

/**
 * Follows a body that is passed on as it comes, and calls `onFault` once where it grows too large or the client falls silent. Nothing is read
 * before somebody else resumes the request; while it is paused for a slow upstream the client is not blamed.
 * Source: nginx `ngx_http_upstream_read_request_handler`, `ngx_http_request_body_chunked_filter`.
 */
export function watchBody(
  request: IncomingMessage,
  { limitBytes, timeoutMs, after }: BodyLimits,
  onFault: (fault: BodyFault) => void,
): void {
  let size = 0;
  let stopTimer: (() => void) | undefined;
  const onPause = (): void => stopTimer?.();
  const onResume = (): void => {
    stopTimer?.();
    stopTimer = after(timeoutMs, () => settle("timeout"));
  };
  const onData = (part: Buffer): void => {
    size += part.length;
    if (size > limitBytes) settle("too-large");
    else onResume();
  };
  const settle = (fault?: BodyFault): void => {
    stopTimer?.();
    request.off("data", onData).off("pause", onPause).off("resume", onResume).off("end", onOver).off("close", onOver);
    if (fault !== undefined) onFault(fault);
  };
  const onOver = (): void => settle();
  // A listener for data alone would set it flowing, before there is an upstream to flow to.
  request.pause();
  request.on("data", onData).on("pause", onPause).on("resume", onResume).on("end", onOver).on("close", onOver);
}
