import { streamAdmin } from "@drover/supervisor/admin";
import { ADMIN_SETTINGS, findAdmin } from "../../line/find-admin.ts";
import type { Command } from "../../line/command.ts";
import { wantsColours } from "../../terminal/colours.ts";

export const logs: Command = {
  settings: ADMIN_SETTINGS,
  arguments: { worker: { doc: "Id of the worker, as `drover status` shows it" } },
  flags: {
    follow: { type: "switch", alias: "f", doc: "Go on until Ctrl-C" },
    lines: { type: "number", alias: "n", default: 100, doc: "Lines from the past" },
    json: { type: "switch", doc: "Print the lines as they are; the default where the output is no terminal" },
  },
  examples: [["drover logs -f 2", "what worker 2 says, as it says it"]],
  run: async (invocation) => {
    const query = new URLSearchParams({ lines: String(invocation.number("lines") ?? 100) });
    const worker = invocation.text("worker");
    if (worker !== undefined) query.set("worker", worker);
    if (invocation.isOn("follow")) query.set("follow", "1");
    const isPretty = invocation.stdout.isTTY && !invocation.isOn("json");
    const show = isPretty
      ? (await import("../../terminal/pretty-line.ts")).prettyLine(
          wantsColours(invocation.stdout, invocation.environment),
        )
      : (line: string) => `${line}\n`;
    for await (const line of streamAdmin(findAdmin(invocation), `/logs?${query.toString()}`)) {
      if (line !== "") invocation.stdout.write(show(line));
    }
    return 0;
  },
};
