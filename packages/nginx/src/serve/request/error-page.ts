import type { ErrorPage } from "../../model/model.ts";
import type { RequestState } from "./request-state.ts";

/** Which error page of the location in force is for this status. */
export function errorPageFor(state: RequestState, status: number): ErrorPage | undefined {
  const { errorPages, recursiveErrorPages } = state.settings;
  if (state.tookErrorPage && !recursiveErrorPages) return undefined;
  return errorPages.find(({ statuses }) => statuses.includes(status));
}
