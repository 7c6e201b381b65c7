import { hideSecrets } from "@drover/config";
import type { Command } from "../line/command.ts";

export const check: Command = {
  settings: "all",
  flags: { json: { type: "switch", doc: "Print every setting and where it came from, as JSON" } },
  examples: [["drover check --config drover.yaml", "say what is wrong in a file, with line and nearest key"]],
  run: async (invocation) => {
    const { settings, sources, file } = invocation.settings();
    const { checkPublicAddresses, checkSettings } = await import("@drover/supervisor/application");
    await checkSettings(settings, invocation.environment);
    await checkPublicAddresses(settings, { mayBeTaken: true });
    if (invocation.isOn("json")) {
      const origin = Object.fromEntries(sources);
      invocation.stdout.write(
        `${JSON.stringify({ valid: true, file: file ?? null, settings: hideSecrets(settings), sources: origin })}\n`,
      );
    } else {
      invocation.stdout.write(`The configuration is valid (${file ?? "no file; flags, environment and defaults"}).\n`);
    }
    return 0;
  },
};
