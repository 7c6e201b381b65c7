import type { Balancer } from "@drover/balancer";
import { ConfigError, type LoadedSettings, type Settings } from "@drover/config";
import type { Logger } from "pino";
import { SupervisorError } from "../errors.ts";
import type { Chosen } from "../placement/choose-layout.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Layout } from "../placement/layout.ts";
import type { ServedModel } from "../process/launch.ts";
import type { SnapshotDirectory } from "../snapshots/snapshot-directory.ts";
import { createSerialQueue } from "../serial-queue.ts";
import { diffSettings } from "./settings-change.ts";

export interface ReloadParts {
  readonly fleet: Pick<Fleet, "workerCount" | "applySettings" | "roll" | "scale">;
  readonly snapshots: Pick<SnapshotDirectory, "settle">;
  readonly balancer: Pick<Balancer, "applySettings">;
  readonly logger: Logger;
  /** Reads everything anew; `model` is given on top where it was ever given to a reload. Throws ConfigError. */
  readonly load: (model: string | undefined) => LoadedSettings;
  /** Throws ModelError. */
  readonly prepareModel: (model: string) => Promise<ServedModel>;
  readonly chooseLayout: (settings: Settings, model: ServedModel) => Promise<Chosen>;
  /** Workers to run by these settings and on this layout, where `running` run now. */
  readonly countOf: (settings: Settings, layout: Layout, running: number) => number;
}

/** What a reload did, for the one who asked. */
export interface ReloadReport {
  readonly changed: readonly string[];
  /** Settings that wait for a restart of drover. */
  readonly needRestart: readonly string[];
  /** Where `drover scale` still decides the number of workers: what it asked for, and what the configuration says. */
  readonly scaled?: { readonly workers: number; readonly configured: number };
}

/** Holds the settings that apply now, and brings in new ones. */
export class Reloader {
  readonly #parts: ReloadParts;
  /** Each reload begins with what the one before has left: of two files the one that was read last counts. */
  readonly #inReloadOrder = createSerialQueue();
  /** A model that is fetched for a reload holds no change of the number up. */
  readonly #inChangeOrder = createSerialQueue();
  #settings: Settings;
  #model: string | undefined;
  #scaledTo: number | undefined;

  constructor(settings: Settings, parts: ReloadParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** As of the last successful reload. */
  get settings(): Settings {
    return this.#settings;
  }

  /** Changes the number of workers by hand. It holds until a reload finds another `workers.count` in the configuration. */
  scale(count: number): Promise<void> {
    return this.#inChangeOrder(async () => {
      await this.#parts.fleet.scale(count);
      this.#scaledTo = count;
    });
  }

  /**
   * Reads the configuration again. What only touches the balancer or the supervision applies at once, what touches workers
   * rolls them; what needs a restart is named and kept as it was. `model` swaps the model, for later reloads too.
   * @throws SupervisorError `refused` with the reason; nothing has changed then
   */
  reload(model: string | undefined): Promise<ReloadReport> {
    return this.#inReloadOrder(async () => {
      const wanted = model ?? this.#model;
      const loaded = this.#load(wanted);
      const served = await orRefuse(() => this.#parts.prepareModel(loaded.model));
      return await this.#inChangeOrder(async () => {
        const report = await this.#apply(loaded, served);
        this.#model = wanted;
        return report;
      });
    });
  }

  async #apply(loaded: Settings, served: ServedModel): Promise<ReloadReport> {
    const { logger, fleet, balancer } = this.#parts;
    const change = diffSettings(this.#settings, loaded);
    const { layout, snapshotLimitBytes } = await orRefuse(() => this.#parts.chooseLayout(loaded, served));
    const scaledTo = change.roll.includes("workers.count") ? undefined : this.#scaledTo;
    const configured = this.#parts.countOf(loaded, layout, fleet.workerCount);
    await orRefuse(() => balancer.applySettings(loaded));
    const before = this.#settings;
    fleet.applySettings(loaded);
    try {
      await fleet.roll({ settings: loaded, model: served, snapshotLimitBytes }, layout, scaledTo ?? configured);
    } catch (error) {
      balancer.applySettings(before);
      fleet.applySettings(before);
      throw error;
    }
    this.#parts.snapshots.settle(snapshotLimitBytes);
    this.#settings = loaded;
    this.#scaledTo = scaledTo;
    logger.level = loaded.log.level;
    if (change.restart.length > 0)
      logger.warn(`changed, but only a restart of drover applies it: ${change.restart.join(", ")}`);
    const changed = [...change.live, ...change.roll];
    const scaled =
      scaledTo === undefined || scaledTo === configured ? {} : { scaled: { workers: scaledTo, configured } };
    const report = { changed, needRestart: change.restart, ...scaled };
    logger.info({ changed, ...scaled }, describeReload(report));
    return report;
  }

  #load(model: string | undefined): Settings {
    try {
      const loaded = this.#parts.load(model);
      for (const warning of loaded.warnings) this.#parts.logger.warn(`${warning.where}: ${warning.message}`);
      return loaded.settings;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw refused(error.problems.map(({ where, message }) => `${where}: ${message}`).join("; "), error);
    }
  }
}

/** One line for the log. */
function describeReload({ changed, scaled }: ReloadReport): string {
  const done = `reloaded: ${changed.length === 0 ? "no setting has changed" : changed.join(", ")}`;
  return scaled === undefined ? done : `${done}; workers still ${scaled.workers}, as drover scale asked`;
}

function refused(reason: string, cause: unknown): SupervisorError {
  return new SupervisorError("refused", `not reloaded, everything is as it was: ${reason}`, { cause });
}

/** What fails before anything has changed refuses the reload. */
async function orRefuse<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw refused((error as Error).message, error);
  }
}
