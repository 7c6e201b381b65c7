import { workerCountOf } from "@drover/contract/admin";
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
    const count = countOf(invocation.text("count") ?? "");
    await callAdmin(findAdmin(invocation), "POST", `/scale?count=${count}`);
    invocation.stdout.write(`${plural(count, "worker")} from now on.\n`);
    return 0;
  },
};

function countOf(text: string): number {
  try {
    return workerCountOf(text);
  } catch (error) {
    throw new SupervisorError("usage", (error as Error).message, { cause: error });
  }
}
