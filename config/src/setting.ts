import type { SettingSchema } from "./setting-values.ts";

/** One row of the settings table: all that flags, environment, file, JSON Schema and docs need to know. */
export interface Setting {
  /** Its place in `drover.yaml` and in {@link Settings}, parts joined by dots. */
  readonly path: string;
  /** Reads and checks a value from a flag, the environment or the file; its error message says what is allowed. */
  readonly schema: SettingSchema;
  /** As a user would write it. `undefined`: none. */
  readonly default: string | number | boolean | readonly string[] | undefined;
  /** Shown in the docs: `tokens`, `requests`, … @default that of its kind of value: `duration`, `size` */
  readonly unit?: string;
  /** The command line's name for it, without dashes; absent: file and environment only. */
  readonly flag?: string;
  /** Its names in earlier versions, which are still read. */
  readonly formerly?: { readonly path: string; readonly flag: string };
  /** One letter. */
  readonly alias?: string;
  /** One line; what it does, then when to change it. */
  readonly doc: string;
  /** Each worker gets the value as it is, by this name among its options (`WorkerOptions` of @drover/contract). */
  readonly worker?: string;
  /** The value is a secret: no message repeats it. */
  readonly secret?: true;
  /** `roll`: a changed value needs new workers; `live`: applies at once; `restart`: needs a restart of drover. */
  readonly reload: "live" | "roll" | "restart";
}

export type LiveSetting = Omit<Setting, "reload">;

/** Settings that all apply at once: whoever follows them asks for their values at each use, or is told of all together. */
export function live<Rows extends readonly LiveSetting[]>(rows: Rows) {
  type Live = { readonly [Index in keyof Rows]: Rows[Index] & { readonly reload: "live" } };
  return rows.map((row) => ({ ...row, reload: "live" })) as unknown as Live;
}

/** Environment variable of a setting, named by its flag (`--worker-port`: DROVER_WORKER_PORT) or else by its path (`log.format`: DROVER_LOG_FORMAT). */
export function environmentName(setting: Pick<Setting, "path" | "flag">): string {
  const name = setting.flag ?? setting.path.replaceAll(".", "-").replaceAll(/([a-z])([A-Z])/g, "$1-$2");
  return `DROVER_${name.replaceAll("-", "_").toUpperCase()}`;
}

/** The value of one setting among all of them. */
export function settingAt(settings: object, path: string): unknown {
  return path.split(".").reduce<unknown>((value, part) => Reflect.get(value as object, part), settings);
}

/** Sets the value of one setting; a group that is missing is made. */
export function putSetting(settings: object, path: string, value: unknown): void {
  const [name = "", ...rest] = path.split(".");
  if (rest.length === 0) {
    Reflect.set(settings, name, value);
    return;
  }
  if (!(name in settings)) Reflect.set(settings, name, {});
  putSetting(Reflect.get(settings, name) as object, rest.join("."), value);
}
