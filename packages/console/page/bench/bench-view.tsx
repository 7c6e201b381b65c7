import type { VNode } from "preact";

export function View(): VNode {
  return <main id="content" class="bench" tabIndex={0} />;
}
