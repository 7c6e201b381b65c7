import { callAdmin } from "@drover/supervisor/admin";
import { pause, systemClock } from "@drover/foundation/clock";
import { SupervisorError } from "@drover/supervisor/errors";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

const LOOK_AGAIN_MS = 50;

export const stop: Command = {
  settings: ADMIN_SETTINGS,
  run: async (invocation) => {
    const path = findAdmin(invocation);
    await callAdmin(path, "POST", "/stop");
    while (await isThere(path)) await pause(systemClock, LOOK_AGAIN_MS);
    invocation.stdout.write("Drover has ended.\n");
    return 0;
  },
};

async function isThere(path: string): Promise<boolean> {
  try {
    await callAdmin(path, "GET", "/status");
    return true;
  } catch (error) {
    if (error instanceof SupervisorError && error.code === "not_running") return false;
    throw error;
  }
}
