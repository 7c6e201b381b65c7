export { type Clock, pause, systemClock, systemRandom } from "@drover/balancer/clock";
