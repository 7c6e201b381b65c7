import { checkAddresses, checkBalancer } from "@drover/balancer";
import type { Environment, Settings } from "@drover/config";
import { findProgram } from "@drover/foundation/files/programs";
import { readModelInfo, resolveModelSource } from "@drover/models";
import { pino } from "pino";
import { adminPath } from "../admin/admin-path.ts";
import { checkSocketPath } from "../admin/claim-socket.ts";
import { SupervisorError } from "../errors.ts";
import { createLayoutChooser, NOTHING_RUNS } from "../placement/choose-layout.ts";
import { splitArguments } from "../process/command/split-arguments.ts";
import { orListenFailure } from "./listen-failure.ts";
import { findPrepared } from "./model/prepare-model.ts";

/** Where `execvp` looks without `$PATH`. */
const USUAL_PATH = "/bin:/usr/bin";

/**
 * All that `drover up` would refuse before it starts anything, found without starting anything: `drover check` and the
 * beginning of `up` are this. A model that has to be fetched first is looked at only when it is here.
 * @throws SupervisorError, ModelError
 */
export async function checkSettings(settings: Settings, environment: Environment): Promise<void> {
  // What is odd but no error is said when it starts.
  const logger = pino({ enabled: false });
  const chooser = createLayoutChooser(logger);
  chooser.check(settings);
  // Addresses, keys, certificate, policy and upstreams; nothing is listened on.
  await orListenFailure(() => checkBalancer(settings));
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
  await orListenFailure(() => checkAddresses(settings, options));
}

/** As far as it can be known without starting it. */
function checkCommand({ workers: { command } }: Settings, { PATH = USUAL_PATH }: Environment): void {
  if (command === undefined) return;
  const [program = ""] = splitArguments(command);
  // What is filled in is not known yet.
  if (program.includes("{") || (program !== "" && findProgram(program, PATH) !== undefined)) return;
  const where = program.includes("/") ? "is no file that may be executed" : "is in no folder of $PATH";
  throw new SupervisorError(
    "command_missing",
    program === ""
      ? "the worker command is empty; give the program that serves the model, or leave --worker-command out"
      : `the worker command's program ${program} ${where}; correct --worker-command (workers.command), which no shell reads`,
  );
}
