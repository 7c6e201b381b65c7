import type { z } from "zod";
import type { Setting } from "./setting.ts";
import { apiSettings } from "./settings/api.ts";
import { checksSettings } from "./settings/checks.ts";
import { listenSettings } from "./settings/listen.ts";
import { operationSettings } from "./settings/operation.ts";
import { routingSettings } from "./settings/routing.ts";
import { supervisionSettings } from "./settings/supervision.ts";
import { workersSettings } from "./settings/workers.ts";

const rows = [
  ...workersSettings,
  ...apiSettings,
  ...listenSettings,
  ...routingSettings,
  ...supervisionSettings,
  ...checksSettings,
  ...operationSettings,
] as const satisfies readonly Setting[];

/** What the help calls the settings of each file. */
export const helpTitles: readonly (readonly [title: string, rows: readonly Setting[]])[] = [
  ["Workers:", workersSettings],
  ["Public port:", [...apiSettings, ...listenSettings]],
  ["Routing:", routingSettings],
  ["Supervision:", [...supervisionSettings, ...checksSettings]],
  ["Operation:", operationSettings],
];

/** A row as it is written, from which types are made. */
export type Row = (typeof rows)[number];
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

/**
 * The settings table. A setting is one row of a file below `settings/` and nothing else: its flag, environment variable, file key, check,
 * JSON Schema, help and documentation all come from the row.
 */
export const settingsTable: readonly (Setting & { readonly path: SettingPath })[] = rows;
