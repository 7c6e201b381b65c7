import { language } from "./language.ts";

/** `840 ms`, `2.4 s`, `1:05 min`, in the page's language. */
export function durationText(ms: number): string {
  if (ms < 1000) return unit(Math.round(ms), "millisecond");
  if (ms < 60_000) return unit(ms < 9950 ? Math.round(ms / 100) / 10 : Math.round(ms / 1000), "second");
  const minutes = Math.floor(ms / 60_000);
  return `${unit(minutes, "minute")} ${unit(Math.round((ms % 60_000) / 1000), "second")}`;
}

/** Three digits where there are so many. */
export function numberText(value: number): string {
  return new Intl.NumberFormat(language.value, { maximumSignificantDigits: value < 100 ? 2 : 3 }).format(value);
}

function unit(value: number, name: "millisecond" | "second" | "minute"): string {
  const style = { style: "unit", unit: name, unitDisplay: language.value === "zh" ? "long" : "short" } as const;
  return new Intl.NumberFormat(language.value, style).format(value);
}
