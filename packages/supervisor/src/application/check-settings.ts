import { checkAddresses, checkBalancer } from "@drover/balancer";
import type { Settings } from "@drover/config";
import { readModelInfo, resolveModelSource } from "@drover/models";
import { pino } from "pino";
import { adminPath } from "../admin/admin-path.ts";
import { checkSocketPath } from "../admin/claim-socket.ts";
import { SupervisorError } from "../errors.ts";
import { createLayoutChooser, NOTHING_RUNS } from "../placement/choose-layout.ts";
import { commandProblem } from "../process/command/command-problem.ts";
import { asListenFailure } from "./listen-failure.ts";
import { findPrepared } from "./model/prepare-model.ts";

/** Where `execvp` looks without `$PATH`. */
const USUAL_PATH = "/bin:/usr/bin";

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
  checkCommand(settings, environment);
  const source = resolveModelSource(settings.model);
  const path = await findPrepared(settings.model, environment);
  if (path === undefined && source.type === "path") await readModelInfo(source.path);
  if (path === undefined) return;
  await readModelInfo(path);
  await chooser.choose(settings, path, NOTHING_RUNS);
}

/**
 * Whether the public addresses are there and may be listened on. `drover up` asks before it fetches a model, and where another one runs, that has been
 * said before.
 * @param options.mayBeTaken something may listen there already, such as the drover that is to reload these settings
 * @throws SupervisorError `listen_failed`
 */
export async function checkPublicAddresses(
  settings: Settings,
  options: { readonly mayBeTaken: boolean },
): Promise<void> {
  await checkAddresses(settings, options).catch((error: unknown) => {
    throw asListenFailure(error);
  });
}

function checkCommand(
  { workers: { command } }: Settings,
  { PATH }: Readonly<Record<string, string | undefined>>,
): void {
  const problem = command === undefined ? undefined : commandProblem(command, PATH ?? USUAL_PATH);
  if (problem !== undefined) throw new SupervisorError("command_missing", problem);
}

/** Addresses, keys, certificate, policy and upstreams; nothing is listened on. */
function checkPublicPort(settings: Settings): void {
  try {
    checkBalancer(settings);
  } catch (error) {
    throw asListenFailure(error);
  }
}
