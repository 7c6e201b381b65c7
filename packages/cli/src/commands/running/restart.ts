import { callAdmin } from "@drover/supervisor/admin";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

export const restart: Command = {
  settings: ADMIN_SETTINGS,
  arguments: { worker: { doc: "Id of the worker, as `drover status` shows it; absent: all, one after the other" } },
  run: async (invocation) => {
    const worker = invocation.text("worker");
    const query = worker === undefined ? "" : `?worker=${encodeURIComponent(worker)}`;
    await callAdmin(findAdmin(invocation), "POST", `/restart${query}`);
    invocation.stdout.write(`${worker === undefined ? "Every worker" : `Worker ${worker}`} was restarted.\n`);
    return 0;
  },
};
