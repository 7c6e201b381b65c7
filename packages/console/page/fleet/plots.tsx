import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { texts } from "../language/language.ts";
import { durationText, numberText } from "../language/numbers.ts";
import { samples } from "./feed.ts";
import { LONGEST_SECONDS, Plot } from "./plot.tsx";
import type { Sample } from "./sample.ts";

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
