import {
  DURATION_PATTERN,
  LONGEST_DURATION_MS,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from "@drover/foundation/durations-and-sizes";
import type * as zod from "zod";

/** zod as its user has loaded it. A table of schemas that are made at once would load it for every `drover status`, and it takes as long as Node's start. */
export type Zod = typeof zod.z;

/** Reads and checks the value of a setting. */
export interface SettingSchema {
  (z: Zod): zod.z.ZodType;
  /** What values of this kind count. */
  readonly unit?: string | undefined;
}

/** Any text but an empty one. */
export const text = () => (z: Zod) => z.string({ error: "a text" }).min(1, { error: "a text that is not empty" });

/** `http://…` or `https://…`, without a user or password. */
export const httpUrl = () => (z: Zod) =>
  z
    .string({ error: "a URL" })
    .refine(isHttpUrl, { error: "http://HOST:PORT or https://HOST:PORT, with a path or without" });

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
}

/** One of these words. */
export const oneOf =
  <const T extends readonly [string, ...string[]]>(...names: T) =>
  (z: Zod) =>
    z.enum(names, { error: `one of ${names.join(", ")}` });

/** A duration as people write it (`500ms`, `10s`, `1.5m`, `2h`; a bare number is milliseconds), up to 24 days; yields milliseconds. */
export const duration = () =>
  quantity({
    unit: "duration",
    allowed: "a duration such as 500ms, 10s or 5m, at most 24d",
    from: 0,
    to: LONGEST_DURATION_MS,
    pattern: DURATION_PATTERN,
    read: (text) => parseDuration(text),
  });

/** A size as people write it (`10MiB`, `512k`, `2G`, powers of 1024; a bare number is bytes); yields bytes. */
export const size = () =>
  quantity({
    unit: "size",
    allowed: "a size such as 512KiB, 10MiB or 2GiB",
    from: 0,
    to: Number.MAX_SAFE_INTEGER,
    pattern: SIZE_PATTERN,
    read: parseSize,
  });

/** `auto`, `off`, or a size. */
export const autoOffOrSize = () => {
  const error = { error: '"auto", "off" or a size such as 512MiB or 2GiB' };
  const { unit } = size();
  return Object.assign((z: Zod) => z.union([z.enum(["auto", "off"], error), size()(z)], error), { unit });
};

/** An integer from `min` to `max`; text from flags and environment is read as a number. */
export const whole = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  quantity({
    allowed: `a whole number${max === Number.MAX_SAFE_INTEGER ? ` of at least ${min}` : ` from ${min} to ${max}`}`,
    from: min,
    to: max,
    whole: true,
    pattern: /^\d+$/,
    read: (text) => {
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
  });

/** `auto`, or an integer of at least `min`. */
export const autoOrInteger = (min: number) => (z: Zod) =>
  z.union([z.literal("auto"), whole(min)(z)], { error: `"auto" or a whole number of at least ${min}` });

/** Yes or no; flags and environment may say true/false, yes/no, on/off, 1/0. A flag without a value is yes. */
export const flag = () => (z: Zod) =>
  z
    .union([z.boolean(), z.enum(["true", "false", "yes", "no", "on", "off", "1", "0", ""]), z.literal([0, 1])], {
      error: "true or false",
    })
    .transform((value): boolean => [true, "true", "yes", "on", "1", 1, ""].includes(value));

/** Several texts; one text with commas is read as several. */
export const list = () => (z: Zod) =>
  z.union([z.array(z.string()), z.string()], { error: "a list of texts" }).transform((value): readonly string[] =>
    typeof value === "string"
      ? value
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== "")
      : value,
  );

/** As {@link list}, of secrets: an empty one is most likely a variable that was not set, and would let in everybody or nobody. */
export const secretList = () => (z: Zod) => {
  const error = { error: "one or more keys, none of them empty (leave it out to be open to all)" };
  return z
    .union([z.array(z.string()), z.string()], { error: "a list of texts" })
    .refine((value) => (typeof value === "string" ? isFilled(value) : value.every(isFilled)), error)
    .pipe(list()(z));
};

/** One secret of at least so many characters, which clients send in a header: browsers send no others there. */
export const secret = (least: number) => (z: Zod) => {
  const error = { error: `a text of at least ${least} letters, digits and signs of ASCII, without spaces` };
  return z.string(error).regex(new RegExp(String.raw`^[\x21-\x7e]{${least},}$`), error);
};

const isFilled = (text: string): boolean => text.trim() !== "";

/** Where to listen: `HOST:PORT`, `[IPV6]:PORT`, `PORT` or `unix:/path`, several with commas; port 0 lets the system choose. Yields the text. */
export const address = () => (z: Zod) => {
  const error = { error: "HOST:PORT, [IPV6]:PORT, PORT or unix:/path (several with commas), such as 127.0.0.1:8080" };
  return z
    .union([z.number().int(error).min(0, error).max(65_535, error), z.string().regex(ADDRESSES, error)], error)
    .transform(String)
    .refine((text) => text.split(",").every((one) => one.startsWith("unix:") || portOf(one) <= 65_535), {
      error: "an address with a port from 0 to 65535",
    });
};

const ADDRESS = String.raw`(unix:[^,]+|(([^\s:,[\]]*|\[[0-9a-fA-F:.%]+\]):)?\d{1,5})`;
const ADDRESSES = new RegExp(`^${ADDRESS}(, ?${ADDRESS})*$`);

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

interface Quantity {
  readonly unit?: string;
  /** What is allowed, as an error says it. */
  readonly allowed: string;
  /** Bounds of a bare number. */
  readonly from: number;
  readonly to: number;
  readonly whole?: true;
  /** The texts that {@link read} may accept; for the JSON Schema, which knows no flags. */
  readonly pattern: RegExp;
  readonly read: (text: string) => number | undefined;
}

function quantity({ unit, allowed, from, to, whole, pattern, read }: Quantity) {
  const schema = (z: Zod) => {
    // Each check carries the message: zod shows that of the one alternative whose type fits, not the union's.
    const error = { error: allowed };
    const bounded = z.number(error).min(from, error).max(to, error);
    return z
      .union([whole === true ? bounded.int(error) : bounded, z.string().trim().regex(pattern, error)], error)
      .transform((value, context): number => {
        const amount = read(String(value));
        if (amount !== undefined) return amount;
        context.addIssue({ code: "custom", message: allowed });
        return z.NEVER;
      });
  };
  return Object.assign(schema, { unit });
}
