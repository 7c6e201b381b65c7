import type { VNode } from "preact";

export function View(): VNode {
  return <main />;
}
