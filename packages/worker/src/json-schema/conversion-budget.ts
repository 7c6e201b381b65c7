import { UnsupportedSchema } from "./schema.ts";

/** About a second of work on a slow machine. Schemas of real tools take some hundredths of it. */
const MOST_STEPS = 4_000_000;

/** What the conversion of one schema may cost: a few hundred bytes can ask for work without end. A step is about a character that is looked at. */
export class ConversionBudget {
  #left = MOST_STEPS;

  /** @throws UnsupportedSchema once too much was spent */
  spend(steps: number, path: string): void {
    this.#left -= steps;
    if (this.#left < 0) throw new UnsupportedSchema(path, "the schema takes too long to convert; make it simpler");
  }
}
