import { balance } from "./commands/balance.ts";
import { bench } from "./commands/bench.ts";
import { chat } from "./commands/chat.ts";
import { check } from "./commands/check.ts";
import type { Command } from "./line/command.ts";
import { importing } from "./commands/import.ts";
import { drain } from "./commands/running/drain.ts";
import { keys } from "./commands/running/keys.ts";
import { explain } from "./commands/running/explain.ts";
import { logs } from "./commands/running/logs.ts";
import { model } from "./commands/model.ts";
import { plan } from "./commands/plan.ts";
import { reload } from "./commands/running/reload.ts";
import { restart } from "./commands/running/restart.ts";
import { scale } from "./commands/running/scale.ts";
import { service } from "./commands/service.ts";
import { status } from "./commands/running/status.ts";
import { stop } from "./commands/running/stop.ts";
import { tune } from "./commands/tune.ts";
import { undrain } from "./commands/running/undrain.ts";
import { up } from "./commands/up.ts";
import { worker } from "./commands/worker.ts";

/** Every command, in the order of the help. To add one: a file beside this one, and a line here. */
export const commands: readonly Command[] = [
  up,
  balance,
  importing,
  status,
  chat,
  scale,
  plan,
  reload,
  restart,
  drain,
  undrain,
  stop,
  keys,
  logs,
  explain,
  bench,
  tune,
  worker,
  model,
  service,
  check,
];
