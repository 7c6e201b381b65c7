import type { FunctionComponent, VNode } from "preact";
import { texts } from "../language/language.ts";
import { lazyModule } from "./lazy-module.ts";
import { Trouble } from "./trouble.tsx";

/** A view that is loaded when it is first shown. */
export function lazyView(load: () => Promise<{ readonly View: FunctionComponent }>): FunctionComponent {
  const module = lazyModule(load);
  return function LazyView(): VNode {
    const found = module.get();
    if (found !== undefined) return <found.View />;
    return (
      <main id="content" class="waits" tabIndex={0} aria-busy={!module.isMissing.value}>
        {module.isMissing.value && <Missing />}
      </main>
    );
  };
}

/** No try helps where the server has a newer page, which has other names for its parts. */
function Missing(): VNode {
  const { viewMissing, reloadPage } = texts.value;
  return (
    <>
      <Trouble text={viewMissing} />
      <button type="button" onClick={() => location.reload()}>
        {reloadPage}
      </button>
    </>
  );
}
