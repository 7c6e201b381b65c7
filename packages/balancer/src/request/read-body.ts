import type { IncomingMessage } from "node:http";
import type { OwnBudget } from "./body-budget.ts";

/** A request's body, read to its end. */
export type BodyRead =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "too-large" }
  /** The bodies that are held already leave no room for it. */
  | { readonly kind: "no-room" }
  | { readonly kind: "aborted" };

/**
 * Reads a body of at most `limitBytes`, whose bytes are taken from the budget: who is given them gives them back. Of one that announces more nothing is read, and of one that has more nothing is kept.
 */
export function readBody(
  request: IncomingMessage,
  limitBytes: number,
  budget: OwnBudget,
): Promise<BodyRead> | BodyRead {
  const announced = request.headers["content-length"];
  if (announced === undefined && request.headers["transfer-encoding"] === undefined) return { kind: "none" };
  if (announced !== undefined && Number(announced) > limitBytes) return { kind: "too-large" };
  return new Promise((resolve) => collect(request, limitBytes, budget, resolve));
}

function collect(
  request: IncomingMessage,
  limitBytes: number,
  budget: OwnBudget,
  resolve: (read: BodyRead) => void,
): void {
  const parts: Buffer[] = [];
  let size = 0;
  let taken = 0;
  const settle = (read: BodyRead): void => {
    if (read.kind !== "bytes") budget.giveBack(taken);
    request.off("data", onData);
    request.off("end", onEnd);
    request.off("error", onGone);
    request.off("close", onGone);
    resolve(read);
  };
  const onData = (part: Buffer): void => {
    size += part.length;
    if (size > limitBytes) return settle({ kind: "too-large" });
    if (!budget.take(part.length)) return settle({ kind: "no-room" });
    taken += part.length;
    parts.push(part);
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
