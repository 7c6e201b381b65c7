/** A decimal digit from `[0]` to `[1]`. */
type DigitRange = readonly [number, number];

export interface NumberBounds {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** Without a bound of its own a number has at most 15 digits: what a double holds exactly. */
const MOST = 10n ** 15n - 1n;
const MOST_DECIMALS = 12;

/** GBNF of the integers within the bounds; undefined where there is none. */
export function integerRange(bounds: NumberBounds): string | undefined {
  const [low, high] = scaledBounds(bounds, 0);
  if (low > high) return undefined;
  const parts = [];
  if (high >= 0n) parts.push(...patterns(low > 0n ? low : 0n, high, 0, ""));
  if (low < 0n) parts.push(...patterns(high < 0n ? -high : 1n, -low, 0, '"-" '));
  return parts.join(" | ");
}

/** GBNF of decimal numbers within the bounds; undefined where there is none. */
export function numberRange(bounds: NumberBounds): string | undefined {
  const exclusive = bounds.exclusiveMinimum !== undefined || bounds.exclusiveMaximum !== undefined;
  const decimals = Math.max(0, ...Object.values(bounds).map(decimalsOf)) + (exclusive ? 1 : 0);
  if (decimals > MOST_DECIMALS) return undefined;
  const [low, high] = scaledBounds(bounds, decimals);
  if (low > high) return undefined;
  // More digits move a number away from zero, so the outermost one may have none.
  const more = decimals === 0 ? ' ("." [0-9]{1,12})?' : " [0-9]{0,12}";
  const freely = (from: bigint, to: bigint, sign: string) =>
    patterns(from, to, decimals, sign).map((part) => part + more);
  const parts = [];
  if (high >= 0n) parts.push(...freely(low > 0n ? low : 0n, high - 1n, ""), ...patterns(high, high, decimals, ""));
  if (low < 0n) {
    parts.push(...freely(high < 0n ? -high : 0n, -low - 1n, '"-" '), ...patterns(-low, -low, decimals, '"-" '));
  }
  return parts.join(" | ");
}

/** Lowest and highest multiple of 10^-decimals within the bounds, times 10^decimals. */
function scaledBounds(bounds: NumberBounds, decimals: number): readonly [bigint, bigint] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = bounds;
  const lows = [
    -MOST,
    ...(minimum === undefined ? [] : [scale(minimum, decimals, "up")]),
    ...(exclusiveMinimum === undefined ? [] : [scale(exclusiveMinimum, decimals, "down") + 1n]),
  ];
  const highs = [
    MOST,
    ...(maximum === undefined ? [] : [scale(maximum, decimals, "down")]),
    ...(exclusiveMaximum === undefined ? [] : [scale(exclusiveMaximum, decimals, "up") - 1n]),
  ];
  const low = lows.reduce((a, b) => (a > b ? a : b));
  const high = highs.reduce((a, b) => (a < b ? a : b));
  return [low, high];
}

/** Alternatives for 0 <= low <= k <= high, each k written with its decimal point. */
function patterns(low: bigint, high: bigint, decimals: number, sign: string): string[] {
  return ranges(low, high, decimals + 1).map((digits) => {
    const whole = digits
      .slice(0, digits.length - decimals)
      .map(digitClass)
      .join(" ");
    if (decimals === 0) return sign + whole;
    return `${sign}${whole} "." ${digits
      .slice(digits.length - decimals)
      .map(digitClass)
      .join(" ")}`;
  });
}

/** Lists of digit ranges that together are the integers from low to high, with at least `width` digits. */
function ranges(low: bigint, high: bigint, width: number): DigitRange[][] {
  const result: DigitRange[][] = [];
  let from = low;
  while (from <= high) {
    const length = Math.max(width, from.toString().length);
    const last = 10n ** BigInt(length) - 1n;
    const to = last < high ? last : high;
    result.push(...sameLength(from.toString().padStart(length, "0"), to.toString().padStart(length, "0")));
    from = to + 1n;
  }
  return result;
}

/** The same for bounds of one length. */
function sameLength(low: string, high: string): DigitRange[][] {
  if (low === "") return [[]];
  const first = Number(low[0]);
  const last = Number(high[0]);
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  const nines = "9".repeat(lowRest.length);
  const zeros = "0".repeat(lowRest.length);
  if (lowRest === zeros && highRest === nines) return [[[first, last], ...anyDigits(lowRest.length)]];
  if (first === last) return sameLength(lowRest, highRest).map((rest) => [[first, first], ...rest]);
  const lowest = lowRest === zeros ? first : first + 1;
  const highest = highRest === nines ? last : last - 1;
  const below: DigitRange[][] =
    lowest === first ? [] : sameLength(lowRest, nines).map((rest) => [[first, first], ...rest]);
  const above: DigitRange[][] =
    highest === last ? [] : sameLength(zeros, highRest).map((rest) => [[last, last], ...rest]);
  const middle: DigitRange[][] = lowest > highest ? [] : [[[lowest, highest], ...anyDigits(lowRest.length)]];
  return [...below, ...middle, ...above];
}

function anyDigits(count: number): DigitRange[] {
  return Array.from({ length: count }, (): DigitRange => [0, 9]);
}

function digitClass([first, last]: DigitRange): string {
  return first === last ? `[${first}]` : `[${first}-${last}]`;
}

/** Digits behind the point. */
export function decimalsOf(value: number): number {
  const [mantissa = "", exponent = "0"] = value.toString().toLowerCase().split("e");
  return Math.max(0, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
}

function scale(value: number, decimals: number, round: "up" | "down"): bigint {
  const [digits = "0", exponent = "0"] = value.toString().toLowerCase().split("e");
  const [whole = "0", fraction = ""] = digits.replace("-", "").split(".");
  const shift = Number(exponent) + decimals - fraction.length;
  const magnitude = BigInt(whole + fraction);
  const negative = value < 0;
  if (shift >= 0) return (negative ? -1n : 1n) * magnitude * 10n ** BigInt(Math.min(shift, 400));
  const divisor = 10n ** BigInt(Math.min(-shift, 400));
  const cut = magnitude / divisor;
  const inexact = magnitude % divisor !== 0n;
  const away = inexact && (negative ? round === "down" : round === "up");
  return (negative ? -1n : 1n) * (away ? cut + 1n : cut);
}
