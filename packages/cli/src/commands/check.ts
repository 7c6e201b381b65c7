import { hideSecrets, type Settings } from "@drover/config";
import { SupervisorError } from "@drover/supervisor/errors";
import type { Command } from "../line/command.ts";

export const check: Command = {
  usage: "check",
  summary: "Check the configuration without starting anything",
  settings: "all",
  flags: { json: { type: "switch", doc: "Print every setting and where it came from, as JSON" } },
  examples: [["drover check --config drover.yaml", "say what is wrong in a file, with line and nearest key"]],
  run: async (invocation) => {
    const { settings, sources, file } = invocation.settings();
    await checkServing(settings);
    await checkSnapshots(settings);
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

/** All that the public port and the upstreams would be refused for. */
async function checkServing(settings: Settings): Promise<void> {
  const { checkBalancer } = await import("@drover/balancer");
  try {
    checkBalancer(settings);
  } catch (error) {
    throw new SupervisorError("usage", (error as Error).message, { cause: error });
  }
}

/** Whether this machine can hold them; all else that a machine may lack depends on the model, which `drover plan` looks at. */
async function checkSnapshots(settings: Settings): Promise<void> {
  const { sharedMemoryForNext } = await import("@drover/supervisor/snapshots");
  const { wishSnapshots } = await import("@drover/supervisor/placement");
  const { readTopology } = await import("@drover/supervisor/placement");
  const { refused } = wishSnapshots(settings, sharedMemoryForNext(), readTopology().memory);
  if (refused !== undefined) throw new SupervisorError("memory_short", refused);
}
