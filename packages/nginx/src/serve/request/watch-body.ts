import type { RequestState } from "./request-state.ts";

export type BodyFault = "too-large" | "timeout";

/**
 * Follows a body while it is read, and calls `onFault` once where it grows larger than `client_max_body_size` or the client falls silent for
 * `client_body_timeout`. Nothing is read before somebody resumes the request; while it is paused, for a slow upstream or a disk, the client is not blamed.
 * Source: nginx `ngx_http_upstream_read_request_handler`, `ngx_http_request_body_chunked_filter`.
 * @returns what ends it
 */
export function watchBody({ request, clock, settings }: RequestState, onFault: (fault: BodyFault) => void): () => void {
  const { maxBodyBytes, bodyTimeoutMs } = settings;
  let size = 0;
  let stopTimer: (() => void) | undefined;
  const onPause = (): void => stopTimer?.();
  const onResume = (): void => {
    stopTimer?.();
    stopTimer = clock.after(bodyTimeoutMs, () => fail("timeout"));
  };
  const onData = (part: Buffer): void => {
    size += part.length;
    if (maxBodyBytes > 0 && size > maxBodyBytes) fail("too-large");
    else onResume();
  };
  const stop = (): void => {
    stopTimer?.();
    request.off("data", onData).off("pause", onPause).off("resume", onResume).off("end", stop).off("close", stop);
  };
  const fail = (fault: BodyFault): void => {
    stop();
    onFault(fault);
  };
  // A listener for data alone would set it flowing, before there is an upstream to flow to.
  request.pause();
  request.on("data", onData).on("pause", onPause).on("resume", onResume).on("end", stop).on("close", stop);
  return stop;
}
