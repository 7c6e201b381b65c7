import { callAdmin, type KeyUse } from "@drover/supervisor/admin";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

export const keys: Command = {
  settings: ADMIN_SETTINGS,
  flags: { json: { type: "switch", doc: "Print JSON" } },
  run: async (invocation) => {
    const { keyTable } = await import("../../terminal/key-table.ts");
    const found = await callAdmin<{ readonly keys: readonly KeyUse[] }>(findAdmin(invocation), "GET", "/keys");
    invocation.stdout.write(`${invocation.isOn("json") ? JSON.stringify(found) : keyTable(found.keys)}\n`);
    return 0;
  },
};
