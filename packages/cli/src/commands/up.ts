import type { Command, Invocation } from "../line/command.ts";

export const up: Command = {
  settings: "all",
  arguments: { file: { doc: "A model, as --model takes it" } },
  examples: [
    ["drover up", "serve the demo model"],
    ["drover up m.gguf", "serve a model of your own"],
    ["drover up -m m.gguf -w 2 -t 4 -l 8080", "two workers of four threads each, for the network"],
    ["drover up -m hf:ORG/REPO:Q4_K_M", "fetch a model first"],
  ],
  run: async (invocation) => {
    const { up: serve } = await import("@drover/supervisor/application");
    const { openForeground } = await import("../terminal/foreground.ts");
    const typed = invocation.text("file");
    const loadSettings: Invocation["settings"] = (flags) =>
      invocation.settings({ ...(typed === undefined ? {} : { model: typed }), ...flags });
    const { settings, file } = loadSettings();
    const { logs, display, close } = openForeground(invocation, settings);
    const { environment } = invocation;
    try {
      return await serve({ settings, loadSettings, file, environment, logs, display });
    } finally {
      await close();
    }
  },
};
