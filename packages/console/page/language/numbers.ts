import { language } from "./language.ts";

/** `840ms`, `2.4s`, `1m 5s`, in the page's language. */
export function durationText(ms: number): string {
  if (ms < 1000) return unit(ms < 9.95 ? Math.round(ms * 10) / 10 : Math.round(ms), "millisecond");
  if (ms < 9950) return unit(Math.round(ms / 100) / 10, "second");
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return unit(seconds, "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${unit(minutes, "minute")} ${unit(seconds % 60, "second")}`;
  return `${unit(Math.floor(minutes / 60), "hour")} ${unit(minutes % 60, "minute")}`;
}

/** Three digits where there are so many. */
export function numberText(value: number): string {
  return new Intl.NumberFormat(language.value, { maximumSignificantDigits: value < 100 ? 2 : 3 }).format(value);
}

/** `49%`, of 49. */
export function percentText(percent: number): string {
  return new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: 0 }).format(percent / 100);
}

function unit(value: number, name: "millisecond" | "second" | "minute" | "hour"): string {
  const style = { style: "unit", unit: name, unitDisplay: "narrow" } as const;
  return new Intl.NumberFormat(language.value, style).format(value);
}

/** `0 KiB`, `512 MiB`, `1.9 GiB`. */
export function bytesText(bytes: number): string {
  if (bytes >= 2 ** 30) return `${numberText(bytes / 2 ** 30)} GiB`;
  return bytes >= 2 ** 20 ? `${numberText(bytes / 2 ** 20)} MiB` : `${numberText(bytes / 2 ** 10)} KiB`;
}

/** `0-3, 8` for 0, 1, 2, 3 and 8. */
export function rangesText(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(", ");
}
