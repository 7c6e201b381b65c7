import type { DroverServer } from "@drover/bench";
import type { ExitCode } from "@drover/supervisor/errors";
import type { Command, Invocation } from "../line/command.ts";
import { compare, merge } from "../measuring/compare.ts";
import { keyFlag, keyOfRunning, keyOfStarted } from "../measuring/key-to-send.ts";
import { loadFlags, loadRequest } from "../measuring/load-flags.ts";
import { explained, publish, underWay } from "../measuring/measurement.ts";
import { upArgs, WORKER_SETTINGS } from "../measuring/worker-arguments.ts";

export const bench: Command = {
  settings: WORKER_SETTINGS,
  arguments: {
    mode: {
      doc: "`compare`: Drover beside llama-server, nginx and hand-started workers, in interleaved rounds; `merge`: one comparison out of several",
      choices: ["compare", "merge"],
    },
    files: { doc: "merge: what `drover bench compare --json` has printed" },
  },
  flags: {
    url: { type: "text", doc: "Address of any OpenAI-compatible server; without it a Drover is started and measured" },
    ...keyFlag,
    "model-name": { type: "text", doc: "Model to ask for; by itself the first of /v1/models" },
    ...loadFlags,
    rate: { type: "text", doc: "Open loop instead of users: steps of requests a second, such as 0.5,1,2" },
    slo: { type: "text", doc: "Say how many users are carried at this target, such as p95<10s or ttft.p95<2s" },
    pids: { type: "text", doc: "Processes of the server whose CPU and memory to watch, such as 101,102" },
    against: {
      type: "text",
      doc: "compare: a further server's command; {port} in it is filled in, and /health must respond",
    },
    only: {
      type: "text",
      doc: "compare: of the known set-ups take these only, separated by commas: hand-made, pinned, llama-server or none",
    },
    "llama-server": { type: "text", doc: "compare: llama.cpp's own server to compare with (the one in PATH)" },
    "llama-server-args": {
      type: "text",
      doc: "compare: one more llama-server with these arguments, such as '-kvu -fa on'; can be given several times",
    },
    rounds: { type: "number", doc: "compare: interleaved rounds (3)" },
    retries: {
      type: "number",
      doc: "compare: measure a step again, at most so many times, where other processes took part of the machine (0)",
    },
    expect: {
      type: "text",
      doc: "compare, merge: exit with 1 unless this holds, such as 'TTFT p95 <= 0.6 at 8,12' or 'requests/s >= 1.05 overall'; can be given several times",
    },
    "least-responses": {
      alias: "least-answers",
      type: "number",
      doc: "Lengthen a step until so many requests have ended in it, at most tenfold (compare: 10)",
    },
    json: { type: "switch", doc: "Print the report as JSON" },
    csv: { type: "text", doc: "Write the figures to this file" },
    html: { type: "text", doc: "Write one self-contained page with plots to this file" },
  },
  examples: [
    ["drover bench --preset small-team --slo 'p95<30s' --model m.gguf --workers 2", "start a Drover and measure it"],
    ["drover bench --url http://127.0.0.1:8081 --users 1,4,16 --html report.html", "measure any server"],
    ["drover bench compare --model m.gguf --users 1,4,8 --html compare.html", "Drover beside other set-ups"],
    ["drover bench compare --only llama-server --llama-server-args='-kvu -fa on'", "Drover beside one llama-server"],
    ["drover bench merge 1-user.json 8-users.json --html compare.html", "one report out of two comparisons"],
  ],
  run: (invocation) =>
    explained(() => {
      const mode = invocation.text("mode");
      if (mode === "merge") return merge(invocation);
      return mode === "compare" ? compare(invocation) : measure(invocation);
    }),
};

async function measure(invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  const files = ["csv", "html"].flatMap((name) => invocation.text(name) ?? []);
  for (const file of files) lib.requireWritable(file);
  const request = await loadRequest(invocation);
  lib.checkLoad(request);
  const hasUrl = invocation.text("url") !== undefined;
  const apiKey = await (hasUrl ? keyOfRunning(invocation) : keyOfStarted(invocation));
  const report = await underWay(invocation, async (surroundings) => {
    const started = await startTarget(invocation, surroundings.signal);
    try {
      return await lib.runBench({
        ...request,
        ...surroundings,
        url: started?.url ?? invocation.text("url") ?? "",
        apiKey,
        model: invocation.text("model-name"),
        processes: started === undefined ? pidList(invocation) : () => started.processes(),
        leastResponses: invocation.number("least-responses"),
        onTarget: ({ url }, plan) =>
          invocation.stderr.write(`Measuring ${url} with ${plan.preset.name}: ${lib.durationText(plan)}.\n`),
      });
    } finally {
      await started?.stop();
    }
  });
  await publish(report, invocation, { table: lib.benchTable, csv: lib.benchCsv, page: lib.benchPage });
  return report.steps.some(({ counts }) => counts.ok > 0) ? 0 : 1;
}

async function startTarget(invocation: Invocation, signal: AbortSignal): Promise<DroverServer | undefined> {
  if (invocation.text("url") !== undefined) return undefined;
  const { startDrover } = await import("@drover/bench");
  const { checkSettings } = await import("@drover/supervisor/application");
  await checkSettings(invocation.settings().settings, invocation.environment);
  invocation.stderr.write("Starting a Drover to measure; --url measures a running server.\n");
  return startDrover({ bin: process.argv[1] ?? "", args: upArgs(invocation), signal });
}

function pidList(invocation: Invocation) {
  const pids = (invocation.text("pids") ?? "")
    .split(",")
    .map(Number)
    .filter((pid) => pid > 0);
  return () => Promise.resolve(pids.map((pid) => ({ name: `pid ${pid}`, pid })));
}
