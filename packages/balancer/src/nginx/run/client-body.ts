import type { RequestBody } from "../../forwarding/forward-task.ts";
import type { LocationModel } from "../model.ts";
import type { RequestState } from "./request-state.ts";

export type ClientBody =
  | { readonly kind: "body"; readonly body: RequestBody }
  | { readonly kind: "too-large" }
  | { readonly kind: "timeout" }
  | { readonly kind: "gone" };

/** Larger bodies are passed on as they come rather than held; nginx writes them to a file. */
const mostHeldBytes = 16 * 1024 * 1024;

/** Takes the request's body as the location wants it: whole, as a stream, or not at all. Asks for it where the client waits for a 100. */
export async function takeBody(state: RequestState, location: LocationModel): Promise<ClientBody> {
  const { proxy, maxBodyBytes } = location.settings;
  const announced = state.headerValues("content-length")[0];
  const isChunked = state.headerValues("transfer-encoding").length > 0;
  if (state.requestBody !== undefined) return held(state.requestBody);
  if (announced === undefined && !isChunked) return { kind: "body", body: { kind: "none" } };
  if (/\b100-continue\b/i.test(state.headerValues("expect")[0] ?? "") && state.protocol === "HTTP/1.1") {
    state.response.writeContinue();
  }
  const lengthBytes = announced === undefined ? undefined : Number(announced);
  const mayStream = lengthBytes !== undefined || (!proxy.bufferRequests && proxy.httpVersion === "1.1");
  if (mayStream && (!proxy.bufferRequests || (lengthBytes ?? 0) > mostHeldBytes)) {
    return { kind: "body", body: { kind: "stream", stream: state.request, lengthBytes } };
  }
  const read = await readWhole(state, maxBodyBytes === 0 ? Number.POSITIVE_INFINITY : maxBodyBytes);
  if (!Buffer.isBuffer(read)) return { kind: read };
  state.requestBody = read;
  return held(read);
}

function held(bytes: Buffer): ClientBody {
  return { kind: "body", body: { kind: "bytes", bytes } };
}

/** Each silence may last `client_body_timeout`. */
function readWhole(state: RequestState, limitBytes: number): Promise<Buffer | "too-large" | "timeout" | "gone"> {
  const { request } = state;
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    let stopWaiting = state.after(state.settings.bodyTimeoutMs, () => settle("timeout"));
    const settle = (read: Buffer | "too-large" | "timeout" | "gone"): void => {
      stopWaiting();
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      resolve(read);
    };
    const onData = (part: Buffer): void => {
      stopWaiting();
      stopWaiting = state.after(state.settings.bodyTimeoutMs, () => settle("timeout"));
      size += part.length;
      if (size > limitBytes) settle("too-large");
      else parts.push(part);
    };
    const onEnd = (): void => settle(Buffer.concat(parts));
    const onGone = (): void => settle("gone");
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}
