import type { AnswerHead, ForwardTask } from "../request/forward-task.ts";
import { headText } from "./head-text.ts";

/** Passes a 103 on, to a client that knows of such heads; 100 was answered by the front door, and 102 says nothing. */
export function relayEarlyHints(head: AnswerHead, { response, request }: ForwardTask["client"]): void {
  if (head.status !== 103 || response.socket === null || request.httpVersionMinor < 1) return;
  response.socket.write(headText(103, head.reason === "" ? "Early Hints" : head.reason, head.headers), "latin1");
}
