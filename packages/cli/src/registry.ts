import { balance } from "./commands/balance.ts";
import { bench } from "./commands/bench.ts";
import { check } from "./commands/check.ts";
import type { Command } from "./line/command.ts";
import { importing } from "./commands/import.ts";
import { drain } from "./commands/drain.ts";
import { logs } from "./commands/logs.ts";
import { model } from "./commands/model.ts";
import { plan } from "./commands/plan.ts";
import { reload } from "./commands/reload.ts";
import { restart } from "./commands/restart.ts";
import { scale } from "./commands/scale.ts";
import { service } from "./commands/service.ts";
import { status } from "./commands/status.ts";
import { stop } from "./commands/stop.ts";
import { tune } from "./commands/tune.ts";
import { undrain } from "./commands/undrain.ts";
import { up } from "./commands/up.ts";
import { worker } from "./commands/worker.ts";

/** Every command, in the order of the help. To add one: a file beside this one, and a line here. */
export const commands: readonly Command[] = [
  up,
  balance,
  importing,
  status,
  scale,
  plan,
  reload,
  restart,
  drain,
  undrain,
  stop,
  logs,
  bench,
  tune,
  worker,
  model,
  service,
  check,
];
