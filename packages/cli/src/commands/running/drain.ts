import { callAdmin } from "@drover/supervisor/admin";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

export const drain = commandOf("drain", "is drained");
export const undrain = commandOf("undrain", "takes requests again");

function commandOf(path: "drain" | "undrain", done: string): Command {
  return {
    settings: ADMIN_SETTINGS,
    arguments: { worker: { doc: "Id of the worker, as `drover status` shows it" } },
    run: async (invocation) => {
      const worker = invocation.text("worker") ?? "";
      await callAdmin(findAdmin(invocation), "POST", `/${path}?worker=${encodeURIComponent(worker)}`);
      invocation.stdout.write(`Worker ${worker} ${done}.\n`);
      return 0;
    },
  };
}
