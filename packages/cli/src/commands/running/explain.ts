import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import { callAdmin } from "@drover/supervisor/admin";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

export const explain: Command = {
  settings: ADMIN_SETTINGS,
  arguments: {
    request: { doc: "Id of the request, from the response's x-request-id; without it, the last ones are listed" },
  },
  flags: { json: { type: "switch", doc: "Print JSON" } },
  examples: [["drover explain req_2f8k", "where the time of this request went"]],
  run: async (invocation) => {
    const id = invocation.text("request");
    const query = id === undefined ? "" : `?${new URLSearchParams({ id }).toString()}`;
    const found = await callAdmin<RequestRecord | readonly RequestSummary[]>(
      findAdmin(invocation),
      "GET",
      `/explain${query}`,
    );
    const { explainText } = await import("../../terminal/explain-text.ts");
    invocation.stdout.write(`${invocation.isOn("json") ? JSON.stringify(found, null, 2) : explainText(found)}\n`);
    return 0;
  },
};
