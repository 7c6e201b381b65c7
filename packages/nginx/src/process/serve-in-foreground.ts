import { loadNginxConfig } from "../load.ts";
import type { NginxCompat } from "../model/model.ts";
import { ignoredLines } from "./nginx-command.ts";
import { type RunningNginx, serveNginx } from "./serve.ts";

export interface ForegroundOptions {
  /** nginx.conf, or a file of conf.d. */
  readonly path: string;
  readonly compat: NginxCompat;
  /** A line for whoever watches. */
  readonly say: (line: string) => void;
  /** Called once everything is listened on. */
  readonly onReady: (running: RunningNginx) => void;
}

/** Serves an nginx configuration in this process, without a pid file, until a signal ends it. @throws NginxError for what keeps it from starting */
export async function serveInForeground({ path, compat, say, onReady }: ForegroundOptions): Promise<void> {
  const paths = { accessLog: "/dev/stdout", errorLog: "stderr" };
  await serveNginx({
    load: () => loadNginxConfig({ path, compat, form: "part", paths }).model,
    hasPidFile: false,
    onReady: (model, running) => {
      for (const warning of model.warnings) say(`warning: ${warning}`);
      for (const line of ignoredLines(model.ignored)) say(`ignored: ${line}`);
      say(`Balancing by ${path} on ${running.server.addresses.join(", ")}`);
      onReady(running);
    },
    say: (level, message) => say(`${level}: ${message}`),
  });
}
