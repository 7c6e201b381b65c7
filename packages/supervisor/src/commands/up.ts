import type { Command } from "./command.ts";

export const up: Command = {
  usage: "up",
  summary: "Serve a model: start the workers and the public port",
  settings: "all",
  examples: [
    ["drover up", "serve the demo model"],
    ["drover up -m m.gguf -w 2 -t 4 -l 8080", "two workers of four threads each, for the network"],
    ["drover up -m hf:ORG/REPO:Q4_K_M", "fetch a model first"],
  ],
  run: async (invocation) => (await import("../up.ts")).up(invocation),
};
