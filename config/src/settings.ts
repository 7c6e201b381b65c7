import type { z } from "zod";
import type { Setting } from "./setting.ts";
import { apiSettings } from "./settings/api.ts";
import { checksSettings } from "./settings/checks.ts";
import { listenSettings } from "./settings/listen.ts";
import { operationSettings } from "./settings/operation.ts";
import { routingSettings } from "./settings/routing.ts";
import { supervisionSettings } from "./settings/supervision.ts";
import { workersSettings } from "./settings/workers.ts";

/**
 * The settings table. A setting is one row here and nothing else: its flag, environment variable, file key, check,
 * JSON Schema, help and documentation all come from the row.
 */
export const settingsTable = [
  ...workersSettings,
  ...apiSettings,
  ...listenSettings,
  ...routingSettings,
  ...supervisionSettings,
  ...checksSettings,
  ...operationSettings,
] as const satisfies readonly Setting[];

type Row = (typeof settingsTable)[number];
type Nested<Path extends string, Value> = Path extends `${infer Head}.${infer Rest}`
  ? { readonly [K in Head]: Nested<Rest, Value> }
  : { readonly [K in Path]: Value };
type Value<R extends Row> = R extends { readonly default: undefined }
  ? z.output<ReturnType<R["schema"]>> | undefined
  : z.output<ReturnType<R["schema"]>>;
type EachNested = { [R in Row as R["path"]]: Nested<R["path"], Value<R>> };
type Both<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;

/** All settings, complete and checked: `settings.workers.slots`. Durations are in milliseconds, sizes in bytes. */
export type Settings = Both<EachNested[keyof EachNested]>;

/** Path of a setting, such as `workers.slots`. */
export type SettingPath = Row["path"];
