import { type SettingPath, settingsTable } from "@drover/config";
import type { NginxModel } from "@drover/balancer";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import type { Command, Invocation } from "../line/command.ts";
import { packageVersion } from "../package-version.ts";

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
  run: async (invocation) => {
    const path = invocation.text("nginx-conf");
    return path === undefined ? balanceBySettings(invocation) : balanceByNginx(invocation, path);
  },
};

async function balanceBySettings(invocation: Invocation): Promise<ExitCode> {
  const { balance: serve } = await import("@drover/supervisor/application");
  const { openForeground } = await import("../terminal/foreground.ts");
  const { settings } = invocation.settings();
  const { logs, close } = openForeground(invocation, settings);
  try {
    return await serve({ settings, loadSettings: invocation.settings, logs });
  } finally {
    await close();
  }
}

async function balanceByNginx(invocation: Invocation, path: string): Promise<ExitCode> {
  const { loadNginxConfig, NginxConfigError } = await import("@drover/balancer");
  const { ignoredLines, serveNginx } = await import("@drover/supervisor/nginx");
  const compat = invocation.text("nginx-compat") === "1.22" ? "1.22" : "1.29.7";
  const say = (text: string): void => void invocation.stderr.write(`${text}\n`);
  const paths = { accessLog: "/dev/stdout", errorLog: "stderr" };
  const load = (): NginxModel => {
    try {
      return loadNginxConfig({ path, compat, form: "part", paths }).model;
    } catch (error) {
      throw error instanceof NginxConfigError ? new SupervisorError("usage", error.message) : error;
    }
  };
  await serveNginx({
    version: packageVersion(),
    load,
    hasPidFile: false,
    onReady: (model, addresses) => {
      for (const warning of model.warnings) say(`warning: ${warning}`);
      for (const line of ignoredLines(model.ignored)) say(`ignored: ${line}`);
      say(`Balancing by ${path} on ${addresses.join(", ")}`);
    },
    say: (level, message) => say(`${level}: ${message}`),
  }).catch((error: unknown) => {
    throw error instanceof NginxConfigError ? new SupervisorError("listen_failed", error.message) : error;
  });
  return 0;
}
