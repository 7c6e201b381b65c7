import type uPlot from "uplot";
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { texts } from "../language/language.ts";
import { durationText, numberText } from "../language/numbers.ts";
import { type PlotContent, type PlotLook, usePlot } from "../parts/use-plot.ts";
import { isDark } from "../theme.ts";
import { samples } from "./feed.ts";
import type { Sample } from "./sample.ts";

const HEIGHT = 120;
const SHORTEST_SECONDS = 60;
/** How far back the plots go. */
const LONGEST_SECONDS = 300;

/** The fleet's figures over the last minutes. */
export function Plots(): VNode {
  const all = samples.value;
  const { plotRequests, plotRunning, plotTokens, plotFirstToken, plotBetween, plotCpus, perSecond } = texts.value;
  const shown = useMemo(() => {
    const newest = all.at(-1)?.atMs ?? 0;
    const kept = all.filter(({ atMs }) => newest - atMs <= LONGEST_SECONDS * 1000);
    return { kept, xs: kept.map(({ atMs }) => (atMs - newest) / 1000) };
  }, [all]);
  const column = (value: (sample: Sample) => number | null) => shown.kept.map(value);
  const { xs } = shown;
  return (
    <section class="plots">
      <Plot
        title={plotTokens}
        show={(value) => perSecond(numberText(value))}
        least={10}
        xs={xs}
        ys={column((of) => of.tokensPerSecond)}
      />
      <Plot
        title={plotRequests}
        show={(value) => `${numberText(value)}/s`}
        xs={xs}
        ys={column((of) => of.requestsPerSecond)}
      />
      <Plot title={plotRunning} show={numberText} xs={xs} ys={column((of) => of.requests)} />
      <Plot
        title={plotFirstToken}
        show={durationText}
        showTick={durationText}
        least={10}
        xs={xs}
        ys={column((of) => of.firstTokenMs)}
      />
      <Plot
        title={plotBetween}
        show={durationText}
        showTick={durationText}
        least={10}
        xs={xs}
        ys={column((of) => of.betweenTokensMs)}
      />
      <Plot title={plotCpus} show={numberText} xs={xs} ys={column((of) => of.cpus)} />
    </section>
  );
}

interface PlotProps {
  readonly title: string;
  /** The last value as text. */
  readonly show: (value: number) => string;
  /** A value beside the plot. @default the number alone */
  readonly showTick?: (value: number) => string;
  /** What the plot reaches at least. @default 1 */
  readonly least?: number;
  /** Seconds before now, negative. */
  readonly xs: readonly number[];
  readonly ys: readonly (number | null)[];
}

/** A figure over the last minutes, and its last value as text. */
function Plot({ title, show, showTick = numberText, least = 1, xs, ys }: PlotProps): VNode {
  const data = () => [[...xs], [...ys]] as uPlot.AlignedData;
  const { target, plot } = usePlot(HEIGHT, (look) => contentOf(showTick, least, look), { anew: [], data });
  const last = ys.findLast((value) => value !== null);
  useEffect(() => plot.current?.setData(data()), [xs, ys, isDark.value]);
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

function contentOf(showTick: (value: number) => string, least: number, { axis, colour }: PlotLook): PlotContent {
  return {
    scales: {
      x: { time: false, range: (_, oldest) => [Math.min(-SHORTEST_SECONDS, Math.max(oldest, -LONGEST_SECONDS)), 0] },
      y: { range: (_, __, max) => [0, Math.max(max * 1.1, least)] },
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
