import type { Command } from "../line/command.ts";
import { packageVersion } from "../package-version.ts";

export const up: Command = {
  usage: "up",
  summary: "Serve a model: start the workers and the public port",
  settings: "all",
  examples: [
    ["drover up", "serve the demo model"],
    ["drover up -m m.gguf -w 2 -t 4 -l 8080", "two workers of four threads each, for the network"],
    ["drover up -m hf:ORG/REPO:Q4_K_M", "fetch a model first"],
  ],
  run: async (invocation) => {
    const { up: serve } = await import("@drover/supervisor/application");
    const { openForeground } = await import("../terminal/foreground.ts");
    const { settings } = invocation.settings();
    const { logs, display, close } = openForeground(invocation, settings);
    const { environment } = invocation;
    try {
      const version = packageVersion();
      return await serve({ settings, loadSettings: invocation.settings, environment, version, logs, display });
    } finally {
      await close();
    }
  },
};
