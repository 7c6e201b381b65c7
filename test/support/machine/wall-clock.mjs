// Loaded into a process by `--import`: its wall clock is off by the milliseconds in the file WALL_CLOCK_FILE, as after a step of the machine's date. The
// monotonic clock stays what it is.
import { readFileSync } from "node:fs";
import process from "node:process";

const Real = Date;
let offMs = 0;
setInterval(() => {
  const text = readFileSync(process.env.WALL_CLOCK_FILE, "utf8");
  // It may be half written.
  if (/^-?\d+\n$/.test(text)) offMs = Number(text);
}, 20).unref();

class Shifted extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + offMs);
    else super(...given);
  }

  static now() {
    return Real.now() + offMs;
  }
}
globalThis.Date = Shifted;
