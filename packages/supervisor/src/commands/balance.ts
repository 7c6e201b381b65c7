import { type SettingPath, settingsTable } from "@drover/config";
import type { Command } from "./command.ts";

/** What only workers have, or the supervisor that watches them; such a setting in a file is passed over. */
const aboutWorkers = /^(?:model|strict|workers\..*|supervision\.(?!drainTimeout).*|admin\..*)$/;

const balancing: readonly SettingPath[] = settingsTable.flatMap(({ path }) => (aboutWorkers.test(path) ? [] : [path]));

export const balance: Command = {
  usage: "balance",
  summary: "Balance between servers that Drover does not start, by flags or by an nginx configuration",
  settings: balancing,
  flags: {
    "nginx-conf": { type: "text", doc: "Serve what this nginx configuration says; a file of conf.d is taken too" },
    "nginx-compat": {
      type: "text",
      doc: "Whose defaults an nginx configuration has: before 1.29.7 upstreams got HTTP/1.0 without keepalive",
      choices: ["1.22", "1.29.7"],
      default: "1.29.7",
    },
  },
  examples: [
    [
      "drover balance --upstream http://127.0.0.1:8081 --upstream http://127.0.0.1:8082",
      "least connections between two",
    ],
    ["drover balance --nginx-conf /etc/nginx/nginx.conf", "what nginx did"],
  ],
  run: async (invocation) => (await import("../balance.ts")).balance(invocation),
};
