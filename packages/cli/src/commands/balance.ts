import { environmentName, type SettingPath, settingsTable } from "@drover/config";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import type { Command, Invocation } from "../line/command.ts";

/** What only workers have, or the supervisor that watches them; such a setting in a file is passed over. */
const aboutWorkers = /^(?:model|strict|workers\..*|supervision\.(?!drainTimeout|shutdownDelay).*|admin\.key)$/;

const balancing: readonly SettingPath[] = settingsTable.flatMap(({ path }) => (aboutWorkers.test(path) ? [] : [path]));

export const balance: Command = {
  settings: balancing,
  flags: {
    "nginx-conf": { type: "text", doc: "Serve what this nginx configuration says; a file of conf.d is taken too" },
    "nginx-compat": {
      type: "text",
      doc: "Whose defaults an nginx configuration has: before 1.29.7 upstreams got HTTP/1.0 without keepalive",
      choices: ["1.22", "1.29.7"],
      default: "1.29.7",
    },
    "metrics-listen": {
      type: "text",
      doc: "With --nginx-conf: address for Prometheus, such as 127.0.0.1:9114; it has /metrics and nothing else",
    },
  },
  examples: [
    [
      "drover balance --upstream http://127.0.0.1:8081 --upstream http://127.0.0.1:8082",
      "least connections between two",
    ],
    ["drover balance --nginx-conf /etc/nginx/nginx.conf", "what nginx did"],
  ],
  run: async (invocation) => {
    const path = invocation.text("nginx-conf");
    if (path === undefined && invocation.text("metrics-listen") !== undefined)
      throw new SupervisorError(
        "usage",
        "--metrics-listen goes with --nginx-conf; else /metrics is on the public port",
      );
    return path === undefined ? balanceBySettings(invocation) : balanceByNginx(invocation, path);
  },
};

async function balanceBySettings(invocation: Invocation): Promise<ExitCode> {
  const { balance: serve } = await import("@drover/supervisor/application");
  const { openForeground } = await import("../terminal/foreground.ts");
  const { settings, file } = invocation.settings();
  const { logs, close } = openForeground(invocation, settings);
  try {
    const { environment, settings: loadSettings } = invocation;
    return await serve({ settings, file, loadSettings, environment, logs });
  } finally {
    await close();
  }
}

async function balanceByNginx(invocation: Invocation, path: string): Promise<ExitCode> {
  refuseSettings(invocation);
  const { serveByNginx } = await import("../nginx/serve-by-nginx.ts");
  return await serveByNginx(invocation, path);
}

/** Everything is said by the nginx configuration; a key or a limit that only seemed to hold would protect nothing. */
function refuseSettings(invocation: Invocation): void {
  const { sources, file } = invocation.settings();
  const given = settingsTable.flatMap((row) => {
    const { path } = row;
    const source = sources.get(path) ?? "default";
    if (source === "default" || !balancing.includes(path) || /^(log\.|admin\.)/.test(path)) return [];
    if (source === "file") return [`${path} in ${file}`];
    return [source === "flag" ? `--${row.flag ?? path}` : environmentName(row)];
  });
  if (given.length === 0) return;
  throw new SupervisorError(
    "usage",
    `--nginx-conf serves what the nginx configuration says, so these settings would not hold: ${given.join(", ")}. Say them in the nginx configuration, or balance without --nginx-conf.`,
  );
}
