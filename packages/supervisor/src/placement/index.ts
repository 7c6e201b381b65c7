export { drawPlan, refusal } from "./draw-plan.ts";
export { makePlan, needOf } from "./plan.ts";
export { wishSnapshots } from "./snapshot-wish.ts";
export { readTopology } from "./topology.ts";
