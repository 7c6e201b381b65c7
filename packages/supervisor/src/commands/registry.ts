import { balance } from "./balance.ts";
import { bench } from "./bench.ts";
import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { importing } from "./import.ts";
import { drain, undrain } from "./drain.ts";
import { logs } from "./logs.ts";
import { model } from "./model.ts";
import { plan } from "./plan.ts";
import { reload } from "./reload.ts";
import { restart } from "./restart.ts";
import { scale } from "./scale.ts";
import { service } from "./service.ts";
import { status } from "./status.ts";
import { stop } from "./stop.ts";
import { tune } from "./tune.ts";
import { up } from "./up.ts";
import { worker } from "./worker.ts";

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
