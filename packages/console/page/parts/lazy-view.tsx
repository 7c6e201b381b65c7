import type { FunctionComponent, VNode } from "preact";
import { lazyModule } from "./lazy-module.ts";

/** A view that is loaded when it is first shown. */
export function lazyView(load: () => Promise<{ readonly View: FunctionComponent }>): FunctionComponent {
  const loaded = lazyModule(load);
  return function LazyView(): VNode {
    const found = loaded();
    return found === undefined ? <main id="content" tabIndex={0} aria-busy="true" /> : <found.View />;
  };
}
