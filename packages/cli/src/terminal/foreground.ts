import { existsSync } from "node:fs";
import type { Settings } from "@drover/config";
import { type Display, downloadLog, publicUrl } from "@drover/supervisor/application";
import { systemClock } from "@drover/foundation/clock";
import { createLogs, type LogLine, type Logs, outputSink } from "@drover/supervisor/logs";
import { journalLine, leadsToJournal, prioritized } from "@drover/supervisor/systemd";
import type { Invocation } from "../line/command.ts";
import { wantsColours } from "./colours.ts";
import { prettyLine } from "./pretty-line.ts";
import { createProgress } from "./progress.ts";
import { curlArguments, prefersChinese, programName, realModelHint, welcomeOf, welcomeText } from "./welcome.ts";

/** How a process that serves in the foreground speaks: its log on standard output, bars on a terminal. */
export interface Foreground {
  readonly logs: Logs;
  readonly display: Display;
  /** Takes the bars away and waits until what was logged is written. */
  readonly close: () => Promise<void>;
}

export function openForeground(invocation: Invocation, settings: Settings): Foreground {
  const isPretty = settings.log.format === "pretty" || (settings.log.format === "auto" && invocation.stdout.isTTY);
  const output = outputSink();
  const progress = createProgress(invocation.stderr, output.write, systemClock);
  const sink = { write: progress.print, flush: output.flush };
  const logs = createLogs({ level: settings.log.level, show: lineFormat(invocation, settings, isPretty), sink });
  const bar = progress.transfer("fetching the model");
  const told = downloadLog(logs.logger);
  return {
    logs,
    display: {
      download: {
        onProgress: invocation.stderr.isTTY ? bar.onProgress : told.onProgress,
        onRetry: told.onRetry,
        ended: bar.end,
      },
      loading: progress.load,
      serving: (address) => {
        const welcome = welcomeOf(settings, address, programName(invocation.environment, existsSync));
        const url = publicUrl(welcome);
        if (isPretty) progress.print(welcomeText(welcome, prefersChinese(invocation.environment)));
        else
          logs.logger.info(
            { url, curl: curlArguments(welcome).join(" "), ...realModelHint(welcome) },
            `serving on ${url}`,
          );
      },
      end: progress.end,
    },
    close: async () => {
      progress.end();
      await logs.flush();
    },
  };
}

function lineFormat(invocation: Invocation, settings: Settings, isPretty: boolean): (line: LogLine) => string {
  if (isPretty) return prettyLine(wantsColours(invocation.stdout, invocation.environment));
  if (!leadsToJournal(invocation.environment, 1)) return (line) => line;
  return settings.log.format === "json" ? prioritized : journalLine;
}
