import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { texts } from "../language/language.ts";
import { numberText } from "../language/numbers.ts";
import { isDark } from "../theme.ts";

interface PlotProps {
  readonly title: string;
  /** The last value as text. */
  readonly show: (value: number) => string;
  /** A value beside the plot. @default the number alone */
  readonly showTick?: (value: number) => string;
  /** Seconds before now, negative. */
  readonly xs: readonly number[];
  readonly ys: readonly (number | null)[];
}

const HEIGHT = 120;

/** A figure over the last minutes, and its last value as text. */
export function Plot({ title, show, showTick = numberText, xs, ys }: PlotProps): VNode {
  const target = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const last = ys.findLast((value) => value !== null);
  useEffect(() => {
    const element = target.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(element, showTick), [[], []], element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [isDark.value]);
  useEffect(() => chart.current?.setData([[...xs], [...ys]] as uPlot.AlignedData), [xs, ys, isDark.value]);
  const value = last === undefined || last === null ? "–" : show(last);
  return (
    <figure class="plot">
      <figcaption>
        {title} <strong>{value}</strong>
      </figcaption>
      <div ref={target} role="img" aria-label={`${title}: ${value}`} />
    </figure>
  );
}

function optionsFor(element: HTMLElement, showTick: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name);
  const axis = {
    stroke: colour("--plot-axis"),
    grid: { stroke: colour("--plot-grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_, oldest) => [Math.min(-SHORTEST_SECONDS, Math.max(oldest, -LONGEST_SECONDS)), 0] },
      y: { range: (_, __, max) => [0, Math.max(max * 1.1, 0.1)] },
    },
    axes: [
      { ...axis, size: 22, values: (_, splits) => splits.map(agoText), incrs: [15, 30, 60] },
      { ...axis, size: 56, values: (_, splits) => splits.map((value) => showTick(value)) },
    ],
    series: [
      {},
      {
        stroke: colour("--plot-line"),
        width: 1.6,
        fill: colour("--plot-fill"),
        spanGaps: true,
        points: { show: false },
      },
    ],
  };
}

function agoText(seconds: number): string {
  if (seconds === 0) return "0";
  return seconds % 60 === 0 ? texts.value.minutes(seconds / 60) : texts.value.seconds(seconds);
}

const SHORTEST_SECONDS = 60;

/** How far back the plots go. */
export const LONGEST_SECONDS = 300;
