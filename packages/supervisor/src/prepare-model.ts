import { homedir } from "node:os";
import { join } from "node:path";
import { ensureDemoModel, readModelInfo, resolveModelSource } from "@drover/models";
import type { ServedModel } from "./workers/worker-launch.ts";

/** Where fetched and made models lie. */
export function modelFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const cache = environment["XDG_CACHE_HOME"];
  return join(cache === undefined || cache === "" ? join(homedir(), ".cache") : cache, "drover", "models");
}

/**
 * Makes the model of the `model` setting ready to be loaded, and checks that it can be: a file of it is there and whole.
 * @throws ModelError for whatever is wrong with it
 */
export async function prepareModel(
  model: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ServedModel> {
  const source = resolveModelSource(model);
  if (source.type === "demo") return { path: await ensureDemoModel(modelFolder(environment)), id: "demo" };
  if (source.type !== "path") throw new Error("fetching models is not built in yet");
  await readModelInfo(source.path);
  return { path: source.path, id: undefined };
}
