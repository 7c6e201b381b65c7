import type { RequestBody } from "@drover/balancer/engine";
import { type BodyEnd, type CompleteBody, readBody } from "./read-body.ts";
import type { RequestState } from "./request-state.ts";

/** Takes the request's body as the location wants it: complete, as a stream, or not at all. Asks for it where the client waits for a 100. */
export async function takeBody(state: RequestState): Promise<RequestBody | Exclude<BodyEnd, CompleteBody>> {
  const { proxy } = state.settings;
  const announced = state.headerValues("content-length")[0];
  const isChunked = state.headerValues("transfer-encoding").length > 0;
  const before = state.requestBody ?? state.spooledBody;
  if (before !== undefined) return held(before);
  if (announced === undefined && !isChunked) return { kind: "none" };
  if (/\b100-continue\b/i.test(state.headerValues("expect")[0] ?? "") && state.protocol === "HTTP/1.1") {
    state.response.writeContinue();
  }
  const lengthBytes = announced === undefined ? undefined : Number(announced);
  const mayStream = lengthBytes !== undefined || proxy.httpVersion === "1.1";
  if (mayStream && !proxy.bufferRequests) {
    return { kind: "stream", stream: state.request, lengthBytes };
  }
  const read = await readBody(state);
  if (typeof read === "string") return read;
  if (Buffer.isBuffer(read)) state.requestBody = read;
  else state.spooledBody = read;
  return held(read);
}

function held(body: CompleteBody): RequestBody {
  return Buffer.isBuffer(body) ? { kind: "bytes", bytes: body } : body;
}
