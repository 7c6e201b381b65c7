import { pause, systemClock } from "@drover/foundation/clock";
import { callAdmin, type DroverStatus } from "@drover/supervisor/admin";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";

const WATCH_PERIOD_MS = 1000;

export const status: Command = {
  settings: ADMIN_SETTINGS,
  flags: {
    json: { type: "switch", doc: "Print JSON, one line for each look" },
    watch: { type: "switch", doc: "Look again each second until Ctrl-C" },
  },
  run: async (invocation) => {
    const { columnsOf } = await import("../../terminal/columns.ts");
    const { statusTable } = await import("../../terminal/status-table.ts");
    const path = findAdmin(invocation);
    for (;;) {
      const found = await callAdmin<DroverStatus>(path, "GET", "/status");
      const clear = invocation.isOn("watch") && invocation.stdout.isTTY && !invocation.isOn("json");
      const text = invocation.isOn("json") ? JSON.stringify(found) : statusTable(found, columnsOf(invocation.stdout));
      invocation.stdout.write(`${clear ? "\u001b[H\u001b[2J" : ""}${text}\n`);
      if (!invocation.isOn("watch")) return 0;
      await pause(systemClock, WATCH_PERIOD_MS);
    }
  },
};
