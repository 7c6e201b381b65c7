// The well-known small-team test on the 1.5B-shaped synthetic model: the table's shape (flat, knee, saturation), and how
// many users this machine carries. usage: node scripts/measure/small-team.mjs [--quick] [--out FOLDER]
import { bigModel, drover, pageWords, quick } from "./lib/drover.mjs";

const steps = quick ? "--users 1,4,16 --warmup 5s --duration 20s" : "--warmup 30s --duration 90s";
const load = "--ctx 1024 --preset small-team --max-tokens 64 --ignore-eos --slo p95<20s".split(" ");
drover(["bench", "--model", bigModel(), ...load, ...steps.split(" "), ...pageWords("small-team")]);
