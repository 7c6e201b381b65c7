import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { numberText } from "../language/numbers.ts";
import { isDark } from "../theme.ts";
import type { Chart } from "./report.ts";

const HEIGHT = 220;
const COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4"];

/** Some figures over the load. */
export function ChartView({ chart }: { readonly chart: Chart }): VNode {
  const target = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = target.current;
    if (element === null) return undefined;
    const data = [[...chart.xs], ...chart.lines.map(({ ys }) => [...ys])] as uPlot.AlignedData;
    const made = new uPlot(optionsFor(element, chart), data, element);
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [chart, isDark.value]);
  const name = `${chart.title} (${chart.unit})`;
  return (
    <figure class="plot">
      <figcaption>
        {name}
        <span class="names">
          {chart.lines.map((line, index) => (
            <span key={line.name} class={`series-${index + 1}`}>
              {line.name}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={target} role="img" aria-label={name} />
    </figure>
  );
}

function optionsFor(element: HTMLElement, { xLabel, lines }: Chart): uPlot.Options {
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
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(max * 1.1, 0.1)] } },
    axes: [
      {
        ...axis,
        size: 40,
        label: xLabel,
        labelSize: 18,
        values: (_, splits) => splits.map((value) => numberText(value)),
      },
      { ...axis, size: 56, values: (_, splits) => splits.map((value) => numberText(value)) },
    ],
    series: [
      {},
      ...lines.map((_, index) => ({
        stroke: colour(COLOURS[index % COLOURS.length] ?? ""),
        width: 2,
        points: { size: 6 },
      })),
    ],
  };
}
