import { type ApiError, errorBody, errorEvent as eventOf } from "@drover/contract/api-errors";
import { type Asker, apiOf } from "@drover/contract/routes";

/** What the balancer itself says when it cannot forward. */
export interface ProxyError extends Omit<ApiError, "code" | "details"> {
  readonly code: string;
  /** As whom it speaks: `worker` for an error of the API's own, which has the API's type. @default "proxy" */
  readonly from?: "worker" | "proxy";
}

/** An error of the balancer's own as text, in the envelope that the client of this request expects. */
export function errorEnvelope(error: ProxyError, asker: Asker = {}): string {
  return JSON.stringify(errorBody({ from: "proxy", ...error }, apiOf(asker)));
}

/** The same as the last event of a stream that has begun. */
export function errorEvent(error: ProxyError, asker: Asker): string {
  return eventOf({ from: "proxy", ...error }, apiOf(asker));
}
