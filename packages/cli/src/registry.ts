import type { RegisteredCommand } from "./line/command.ts";

/** Every command, in the order of the help. To add one: a file beside those below, and an entry here. Only the one that is named is loaded. */
export const commands: readonly RegisteredCommand[] = [
  {
    usage: "up [file]",
    summary: "Serve a model: start the workers and the public port",
    load: async () => (await import("./commands/up.ts")).up,
  },
  {
    usage: "balance",
    summary: "Balance between servers that Drover does not start, by flags or by an nginx configuration",
    load: async () => (await import("./commands/balance.ts")).balance,
  },
  {
    usage: "import",
    summary: "Take over a configuration from another program",
    load: async () => (await import("./commands/import.ts")).importing,
  },
  {
    usage: "status",
    summary: "Show what each worker does",
    load: async () => (await import("./commands/running/status.ts")).status,
  },
  {
    usage: "chat [message..]",
    summary: "Talk to the running drover: in the terminal, or with one message",
    load: async () => (await import("./commands/chat.ts")).chat,
  },
  {
    usage: "scale <count>",
    summary: "Change the number of workers; those that go finish their requests first",
    load: async () => (await import("./commands/running/scale.ts")).scale,
  },
  {
    usage: "plan",
    summary: "Show which CPUs each worker would get, why, and whether memory suffices; starts nothing",
    load: async () => (await import("./commands/plan.ts")).plan,
  },
  {
    usage: "reload",
    summary: "Read the configuration again, or swap the model, without a failed request; waits for the result",
    load: async () => (await import("./commands/running/reload.ts")).reload,
  },
  {
    usage: "restart [worker]",
    summary: "Drain and restart one worker, or each in turn; waits until it serves again",
    load: async () => (await import("./commands/running/restart.ts")).restart,
  },
  {
    usage: "drain <worker>",
    summary: "Give a worker no new request; waits until its last one has ended",
    load: async () => (await import("./commands/running/drain.ts")).drain,
  },
  {
    usage: "undrain <worker>",
    summary: "Give a drained worker requests again",
    load: async () => (await import("./commands/running/drain.ts")).undrain,
  },
  {
    usage: "stop",
    summary: "Drain and end the running drover; waits until it is gone",
    load: async () => (await import("./commands/running/stop.ts")).stop,
  },
  {
    usage: "keys",
    summary: "Show what each API key uses of its limits",
    load: async () => (await import("./commands/running/keys.ts")).keys,
  },
  {
    usage: "logs [worker]",
    summary: "Show the last log lines of the running drover, or of one worker",
    load: async () => (await import("./commands/running/logs.ts")).logs,
  },
  {
    usage: "explain [request]",
    summary: "Show how a request went: who could take it, why this worker, and where its time went",
    load: async () => (await import("./commands/running/explain.ts")).explain,
  },
  {
    usage: "bench [mode] [files..]",
    summary: "Measure a server under load, or compare set-ups: how many users does it carry?",
    load: async () => (await import("./commands/bench.ts")).bench,
  },
  {
    usage: "tune",
    summary: "Find workers, threads and slots for this machine and model, and write drover.yaml",
    load: async () => (await import("./commands/tune.ts")).tune,
  },
  {
    usage: "worker",
    summary: "Run a single worker alone, in the foreground",
    load: async () => (await import("./commands/worker.ts")).worker,
  },
  {
    usage: "model",
    summary: "Look at, fetch or make models",
    load: async () => (await import("./commands/model.ts")).model,
  },
  {
    usage: "service",
    summary: "Run Drover under systemd",
    load: async () => (await import("./commands/service.ts")).service,
  },
  {
    usage: "check",
    summary: "Check the configuration without starting anything",
    load: async () => (await import("./commands/check.ts")).check,
  },
];
