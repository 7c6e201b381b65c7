import { z } from "zod";

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_PER_UNIT = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/** A duration as people write it (`500ms`, `10s`, `1.5m`, `2h`; a bare number is milliseconds); yields milliseconds. */
export const duration = () =>
  quantity("a duration such as 500ms, 10s or 5m", (text) => {
    const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(text);
    return match === null ? undefined : Number(match[1]) * MS_PER_UNIT[(match[2] ?? "ms") as keyof typeof MS_PER_UNIT];
  });

/** A size as people write it (`10MiB`, `512k`, `2G`, powers of 1024; a bare number is bytes); yields bytes. */
export const size = () =>
  quantity("a size such as 512KiB, 10MiB or 2GiB", (text) => {
    const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(text);
    if (match === null) return undefined;
    const unit = match[2]?.toLowerCase() as keyof typeof BYTES_PER_UNIT | undefined;
    return Math.round(Number(match[1]) * (unit === undefined ? 1 : BYTES_PER_UNIT[unit]));
  });

/** A whole number from `min` to `max`; text from flags and environment is read as a number. */
export const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => {
  const allowed = `a whole number${max === Number.MAX_SAFE_INTEGER ? ` of at least ${min}` : ` from ${min} to ${max}`}`;
  return quantity(allowed, (text) => {
    const value = Number(text);
    return /^-?\d+$/.test(text) && value >= min && value <= max ? value : undefined;
  });
};

/** `auto`, or a whole number of at least `min`. */
export const autoOrWhole = (min: number) =>
  z.union([z.literal("auto"), whole(min)], { error: `"auto" or a whole number of at least ${min}` });

/** Yes or no; flags and environment may say true/false, yes/no, on/off, 1/0. */
export const flag = () =>
  z.union([z.boolean(), z.string(), z.number()]).transform((value, context): boolean => {
    const text = String(value).toLowerCase();
    if (["true", "yes", "on", "1", ""].includes(text)) return true;
    if (["false", "no", "off", "0"].includes(text)) return false;
    return refuse(context, "true or false");
  });

/** Several texts; one text with commas is read as several. */
export const list = () =>
  z.union([z.array(z.string()), z.string()], { error: "a list of texts" }).transform((value): readonly string[] =>
    typeof value === "string"
      ? value
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== "")
      : value,
  );

function quantity(allowed: string, read: (text: string) => number | undefined) {
  return z
    .union([z.number(), z.string()], { error: allowed })
    .transform((value, context): number => read(String(value).trim()) ?? refuse(context, allowed));
}

function refuse(context: z.RefinementCtx, allowed: string): never {
  context.addIssue({ code: "custom", message: allowed });
  return z.NEVER;
}
