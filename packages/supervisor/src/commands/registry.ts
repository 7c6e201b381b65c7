import { bench } from "./bench.ts";
import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { service } from "./service.ts";

/** Every command, in the order of the help. To add one: a file beside this one, and a line here. */
export const commands: readonly Command[] = [bench, check, service];
