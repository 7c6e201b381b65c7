import type uPlot from "uplot";
import type { VNode } from "preact";
import { numberText } from "../language/numbers.ts";
import { type PlotContent, type PlotLook, usePlot } from "../parts/use-plot.ts";
import type { Chart } from "./read-report.ts";

const HEIGHT = 220;
/** Custom properties of the style sheet. */
const COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4"];

/** Some figures over the load. */
export function ChartView({ chart }: { readonly chart: Chart }): VNode {
  const data = () => [[...chart.xs], ...chart.lines.map(({ ys }) => [...ys])] as uPlot.AlignedData;
  const { target } = usePlot(HEIGHT, (look) => contentOf(chart, look), { anew: [chart], data });
  const name = `${chart.title} (${chart.unit})`;
  return (
    <figure class="plot">
      <figcaption>
        {name}
        <span class="names">
          {chart.lines.map((line, index) => (
            <span key={line.name} style={{ color: `var(${colourOf(index)})` }}>
              {line.name}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={target} role="img" aria-label={name} />
    </figure>
  );
}

function contentOf({ xLabel, lines }: Chart, { axis, colour }: PlotLook): PlotContent {
  return {
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(max * 1.1, 0.1)] } },
    axes: [
      { ...axis, size: 40, label: xLabel, labelSize: 18, values: tickTexts },
      { ...axis, size: 56, values: tickTexts },
    ],
    series: [
      {},
      ...lines.map((_, index) => ({
        stroke: colour(colourOf(index)),
        width: 2,
        points: { size: 6 },
      })),
    ],
  };
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "";
}

function tickTexts(_: uPlot, splits: readonly number[]): string[] {
  return splits.map((value) => numberText(value));
}
