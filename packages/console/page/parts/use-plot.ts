import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";
import { isDark } from "../theme.ts";

/** How plots look in the page's present theme. */
export interface PlotLook {
  readonly colour: (name: string) => string;
  readonly axis: uPlot.Axis;
}

/** What a plot has beside its size and its look. */
export type PlotContent = Pick<uPlot.Options, "scales" | "axes" | "series">;

/**
 * Draws a plot of this height into the element of the reference it returns, as wide as that is, and draws it anew when `anew` or
 * the theme changes. Its data follow by `setData` of `plot`.
 */
export function usePlot(
  height: number,
  content: (look: PlotLook) => PlotContent,
  { anew, data }: { readonly anew: readonly unknown[]; readonly data: () => uPlot.AlignedData },
): { readonly target: RefObject<HTMLDivElement | null>; readonly plot: RefObject<uPlot | null> } {
  const target = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  useEffect(() => {
    const element = target.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(element, height, content), data(), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [...anew, isDark.value]);
  return { target, plot };
}

function optionsFor(element: HTMLElement, height: number, content: (look: PlotLook) => PlotContent): uPlot.Options {
  const style = getComputedStyle(element);
  // A canvas knows neither custom properties nor `light-dark()`; what one comes to here, the element's own colour tells.
  const colour = (name: string) => {
    element.style.color = `var(${name})`;
    return style.color;
  };
  const axis = {
    stroke: colour("--plot-axis"),
    grid: { stroke: colour("--plot-grid"), width: 1 },
    ticks: { show: false },
  };
  const size = { width: element.clientWidth, height };
  const options = { ...size, legend: { show: false }, cursor: { show: false }, ...content({ colour, axis }) };
  element.style.color = "";
  return options;
}
