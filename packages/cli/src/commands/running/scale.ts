import { plural } from "@drover/foundation/texts";
import { callAdmin } from "@drover/supervisor/admin";
import { SupervisorError } from "@drover/supervisor/errors";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

export const scale: Command = {
  settings: ADMIN_SETTINGS,
  arguments: { count: { doc: "Workers to run" } },
  examples: [["drover scale 4", "run four workers"]],
  run: async (invocation) => {
    const typed = invocation.text("count") ?? "";
    const count = Number(typed);
    if (!/^\d+$/.test(typed) || count < 1 || count > 1024) {
      throw new SupervisorError("usage", `"${typed}" is no number of workers; give a whole number from 1 to 1024`);
    }
    await callAdmin(findAdmin(invocation), "POST", `/scale?count=${count}`);
    invocation.stdout.write(`${plural(count, "worker")} from now on.\n`);
    return 0;
  },
};
