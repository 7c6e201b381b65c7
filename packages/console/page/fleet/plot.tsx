import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { texts } from "../language/language.ts";
import { numberText } from "../language/numbers.ts";
import { isDark } from "../theme.ts";

interface PlotProps {
  readonly title: string;
  /** Written behind the last value. */
  readonly unit: string;
  /** Seconds before now, negative. */
  readonly xs: readonly number[];
  readonly ys: readonly (number | null)[];
}

const HEIGHT = 120;

/** A figure over the last minutes, and its last value as text. */
export function Plot({ title, unit, xs, ys }: PlotProps): VNode {
  const target = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const last = ys.findLast((value) => value !== null);
  useEffect(() => {
    const element = target.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(element), [[], []], element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [isDark.value]);
  useEffect(() => chart.current?.setData([[...xs], [...ys]] as uPlot.AlignedData), [xs, ys, isDark.value]);
  const value = last === undefined || last === null ? "–" : `${numberText(last)} ${unit}`;
  return (
    <figure class="plot">
      <figcaption>
        {title} <strong>{value}</strong>
      </figcaption>
      <div ref={target} role="img" aria-label={`${title}: ${value}`} />
    </figure>
  );
}

function optionsFor(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const line = style.getPropertyValue("--plot-line");
  const axis = {
    stroke: style.getPropertyValue("--plot-axis"),
    grid: { stroke: style.getPropertyValue("--plot-grid"), width: 1 },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-LONGEST_SECONDS, 0] },
      y: { range: (_, __, max) => [0, Math.max(max * 1.1, 0.1)] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        ticks: { show: false },
        values: (_, splits) => splits.map((at) => (at === 0 ? "0" : texts.value.minutes(at / 60))),
        incrs: [60, 120],
      },
      { ...axis, size: 44, ticks: { show: false }, values: (_, splits) => splits.map((value) => numberText(value)) },
    ],
    series: [
      {},
      {
        stroke: line,
        width: 1.6,
        fill: style.getPropertyValue("--plot-fill"),
        spanGaps: false,
        points: { show: false },
      },
    ],
  };
}

/** How far back the plots go. */
export const LONGEST_SECONDS = 300;
