import type { Serving } from "../serving.ts";

/** `GET /health`. */
export function health({ slots }: Serving) {
  const { idle, processing } = slots.counts();
  return { status: "ok", slots_idle: idle, slots_processing: processing };
}
