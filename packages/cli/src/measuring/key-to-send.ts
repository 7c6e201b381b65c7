import { loadSettings, type Settings } from "@drover/config";
import type { Flag, Invocation } from "../line/command.ts";

/** For commands that measure a server. */
export const keyFlag: Readonly<Record<string, Flag>> = {
  key: { type: "text", doc: "API key to send; by itself the first of DROVER_API_KEY" },
};

/** For a Drover that the command starts: it gets the settings that are here, and so wants one of their keys. */
export async function keyOfStarted(invocation: Invocation): Promise<string | undefined> {
  const { settings } = invocation.settings();
  return invocation.text("key") ?? (await keyOf(settings));
}

/** For a server that runs already: what a settings file here says is none of its business. */
export async function keyOfRunning(invocation: Invocation): Promise<string | undefined> {
  const environment = { DROVER_API_KEY: invocation.environment["DROVER_API_KEY"] };
  const { settings } = loadSettings({ flags: {}, environment });
  return invocation.text("key") ?? (await keyOf(settings));
}

/** The first key of settings; undefined: they ask for none. */
export async function keyOf({ apiKeys, apiKeysFile }: Settings): Promise<string | undefined> {
  const { firstKey } = await import("@drover/balancer");
  return firstKey({ keys: apiKeys, file: apiKeysFile });
}
