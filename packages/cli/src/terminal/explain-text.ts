import { describeRequest } from "@drover/contract/description/describe-request";
import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import { printable } from "@drover/foundation/printable";

/** One request with all that is known of it, or a line for each of several. Ids, paths and labels came from clients. */
export function explainText(found: RequestRecord | readonly RequestSummary[]): string {
  const lines = isList(found) ? found.map(summaryLine) : describeRequest(found);
  return lines.length === 0 ? "no request has ended yet" : lines.map(printable).join("\n");
}

function isList(found: RequestRecord | readonly RequestSummary[]): found is readonly RequestSummary[] {
  return Array.isArray(found);
}

function summaryLine(summary: RequestSummary): string {
  const { id, receivedAtEpochMs, method, route, status, durationMs, tokens, upstream, tries } = summary;
  const time = new Date(receivedAtEpochMs).toISOString().slice(11, 19);
  const counts = tokens === undefined ? "" : `, ${tokens.prompt} + ${tokens.completion} tokens`;
  const where = upstream === undefined ? "" : `, ${upstream}${tries > 1 ? ` after ${tries} tries` : ""}`;
  return `${time} ${id} ${method} ${route} ${status} in ${Math.round(durationMs)} ms${counts}${where}`;
}
