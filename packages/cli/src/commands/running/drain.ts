import { callAdmin } from "@drover/supervisor/admin";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

const worker = { doc: "Id of the worker, as `drover status` shows it" };

export const drain: Command = {
  settings: ADMIN_SETTINGS,
  arguments: { worker },
  run: async (invocation) => {
    const id = encodeURIComponent(invocation.text("worker") ?? "");
    await callAdmin(findAdmin(invocation), "POST", `/drain?worker=${id}`);
    invocation.stdout.write(`Worker ${invocation.text("worker")} is drained.\n`);
    return 0;
  },
};
