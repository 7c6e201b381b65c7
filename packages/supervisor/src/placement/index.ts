export { drawPlan, refusal } from "./draw-plan.ts";
export { makePlan, needOf } from "./plan.ts";
export { demandSnapshots } from "./snapshot-demand.ts";
export { readTopology } from "./topology.ts";
