import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { texts } from "../language/language.ts";
import { samples } from "./feed.ts";
import { LONGEST_SECONDS, Plot } from "./plot.tsx";
import type { Sample } from "./sample.ts";

/** The fleet's figures over the last minutes. */
export function Plots(): VNode {
  const all = samples.value;
  const { plotRequests, plotRunning, plotTokens, plotFirstToken, plotBetween, plotCpus, unitTokens } = texts.value;
  const shown = useMemo(() => {
    const newest = all.at(-1)?.atMs ?? 0;
    const kept = all.filter(({ atMs }) => newest - atMs <= LONGEST_SECONDS * 1000);
    return { kept, xs: kept.map(({ atMs }) => (atMs - newest) / 1000) };
  }, [all]);
  const column = (value: (sample: Sample) => number | null) => shown.kept.map(value);
  const { xs } = shown;
  return (
    <section class="plots">
      <Plot title={plotTokens} unit={unitTokens} xs={xs} ys={column((sample) => sample.tokensPerSecond)} />
      <Plot title={plotRequests} unit="/s" xs={xs} ys={column((sample) => sample.requestsPerSecond)} />
      <Plot title={plotRunning} unit="" xs={xs} ys={column((sample) => sample.requests)} />
      <Plot title={plotFirstToken} unit="ms" xs={xs} ys={column((sample) => sample.firstTokenMs)} />
      <Plot title={plotBetween} unit="ms" xs={xs} ys={column((sample) => sample.betweenTokensMs)} />
      <Plot title={plotCpus} unit="CPU" xs={xs} ys={column((sample) => sample.cpus)} />
    </section>
  );
}
