import { checkBalancer } from "@drover/balancer";
import type { Settings } from "@drover/config";
import { readModelInfo, resolveModelSource } from "@drover/models";
import { pino } from "pino";
import { adminPath } from "../admin/admin-path.ts";
import { checkSocketPath } from "../admin/claim-socket.ts";
import { createLayoutChooser, NOTHING_RUNS } from "../placement/choose-layout.ts";
import { asListenFailure } from "./listen-failure.ts";
import { findPrepared } from "./model/prepare-model.ts";

/**
 * All that `drover up` would refuse before it starts anything, found without starting anything: `drover check` and the
 * beginning of `up` are this. A model that has to be fetched first is looked at only when it is here.
 * @throws SupervisorError, ModelError
 */
export async function checkSettings(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  // What is odd but no error is said when it starts.
  const logger = pino({ enabled: false });
  const chooser = createLayoutChooser(logger);
  chooser.check(settings);
  checkPublicPort(settings);
  checkSocketPath(adminPath(settings.admin.socket, "up", environment));
  const source = resolveModelSource(settings.model);
  const path = await findPrepared(settings.model, environment);
  if (path === undefined && source.type === "path") await readModelInfo(source.path);
  if (path === undefined) return;
  await readModelInfo(path);
  await chooser.choose(settings, path, NOTHING_RUNS);
}

/** Addresses, keys, certificate, policy and upstreams; nothing is listened on. */
function checkPublicPort(settings: Settings): void {
  try {
    checkBalancer(settings);
  } catch (error) {
    throw asListenFailure(error);
  }
}
