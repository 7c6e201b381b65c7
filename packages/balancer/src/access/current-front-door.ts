import type { Clock } from "@drover/foundation/clock";
import type { Logger } from "pino";
import { type FrontDoor, type FrontRules, openFrontDoor, watchedFiles } from "./front-door.ts";
import { watchFiles } from "./watch-files.ts";

export interface CurrentFrontDoorParts {
  readonly clock: Clock;
  readonly logger: Pick<Logger, "info" | "warn">;
  /** Told of each door that replaces another one. */
  readonly onReplaced: (door: FrontDoor) => void;
}

/** The front door by the latest rules and by what the files of keys and certificate hold now. */
export class CurrentFrontDoor {
  readonly #parts: CurrentFrontDoorParts;
  #door: FrontDoor;
  #stopWatching: () => void = () => undefined;

  /** @throws FrontDoorError */
  constructor(rules: FrontRules, parts: CurrentFrontDoorParts) {
    this.#parts = parts;
    this.#door = openFrontDoor(rules);
  }

  get present(): FrontDoor {
    return this.#door;
  }

  /** Takes on a door that was opened by new rules. */
  replace(door: FrontDoor): void {
    this.#door = door;
    this.#parts.onReplaced(door);
  }

  /** Follows the files that the present door was read from, and those only. */
  watch(): void {
    this.#stopWatching();
    const { rules, filesDigest } = this.#door;
    this.#stopWatching = watchFiles(watchedFiles(rules), filesDigest, this.#parts.clock, () => this.#reopen());
  }

  stopWatching(): void {
    this.#stopWatching();
  }

  /** A file that cannot be used changes nothing: a half-written one is seen again when it is complete. */
  #reopen(): void {
    const { logger } = this.#parts;
    try {
      this.replace(openFrontDoor(this.#door.rules));
      logger.info("API keys and certificate were read again");
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, "API keys and certificate stay as they were");
    }
  }
}
