import type { IncomingMessage } from "node:http";

/** A request's body, read whole. */
export type BodyRead =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "too-large" }
  | { readonly kind: "aborted" };

/** Reads a body of at most `limitBytes`; of one that announces more nothing is read, and of one that has more nothing is kept. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<BodyRead> | BodyRead {
  const announced = request.headers["content-length"];
  if (announced === undefined && request.headers["transfer-encoding"] === undefined) return { kind: "none" };
  if (announced !== undefined && Number(announced) > limitBytes) return { kind: "too-large" };
  return new Promise((resolve) => collect(request, limitBytes, resolve));
}

function collect(request: IncomingMessage, limitBytes: number, resolve: (read: BodyRead) => void): void {
  const parts: Buffer[] = [];
  let size = 0;
  const settle = (read: BodyRead): void => {
    request.off("data", onData);
    request.off("end", onEnd);
    request.off("error", onGone);
    request.off("close", onGone);
    resolve(read);
  };
  const onData = (part: Buffer): void => {
    size += part.length;
    if (size > limitBytes) settle({ kind: "too-large" });
    else parts.push(part);
  };
  const onEnd = (): void => {
    const [only] = parts;
    settle({ kind: "bytes", bytes: parts.length === 1 && only !== undefined ? only : Buffer.concat(parts) });
  };
  const onGone = (): void => settle({ kind: "aborted" });
  request.on("data", onData);
  request.on("end", onEnd);
  request.on("error", onGone);
  request.on("close", onGone);
}
