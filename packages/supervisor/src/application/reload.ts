import type { Balancer } from "@drover/balancer";
import { ConfigError, type LoadedSettings, type SettingPath, type Settings } from "@drover/config";
import type { Logger } from "pino";
import { SupervisorError } from "../errors.ts";
import { type Chosen, countOf } from "../placement/choose-layout.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { ServedModel } from "../process/launch.ts";
import type { SnapshotDirectory } from "../snapshots/snapshot-directory.ts";
import { createGate, type Gate } from "../gate.ts";
import { createSerialQueue } from "../serial-queue.ts";
import { ModelDownload } from "./model/model-download.ts";
import { diffSettings, keepSettings } from "./settings-change.ts";

export interface ReloadParts {
  readonly fleet: Pick<Fleet, "workerCount" | "applySettings" | "roll" | "scale">;
  readonly snapshots: Pick<SnapshotDirectory, "settle">;
  readonly balancer: Pick<Balancer, "applySettings">;
  readonly logger: Logger;
  /** Reads everything anew; `model` is given on top where it was ever given to a reload. Throws ConfigError. */
  readonly load: (model: string | undefined) => LoadedSettings;
  /** The model is not on this machine yet. */
  readonly needsDownload: (model: string) => Promise<boolean>;
  /** The model of these settings. Throws ModelError. */
  readonly prepareModel: (settings: Settings, signal?: AbortSignal) => Promise<ServedModel>;
  readonly chooseLayout: (settings: Settings, model: ServedModel) => Promise<Chosen>;
}

/** What a reload did, for the one who asked. */
export interface ReloadReport {
  readonly changed: readonly string[];
  /** Settings that wait for a restart of drover. */
  readonly needRestart: readonly string[];
  /** Where `drover scale` still decides the number of workers: what it asked for, and what the configuration says. */
  readonly scaled?: { readonly workers: number; readonly configured: number };
}

/** Somebody asks for a reload. */
interface Order {
  /** The model that is given with it. */
  readonly model: string | undefined;
  /** Opened when the next reload is asked for. */
  readonly newer: Gate<{ readonly result: Promise<ReloadReport> }>;
}

/** A reload that waits for its model, or has given way to a newer one. */
interface Waiting {
  /** The model that this or an earlier reload was given. */
  readonly given: string | undefined;
  readonly model: string;
  readonly download: ModelDownload;
  /** What applies already. */
  readonly applied: readonly SettingPath[];
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
  #last: Order | undefined;
  #waiting: Waiting | undefined;

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
   * rolls them; what needs a restart is named and kept as it was. `model` swaps the model, for later reloads too. One that is still downloaded when the
   * next reload comes is left to that.
   * @throws SupervisorError `refused` with the reason, and with what applies nevertheless: settings that need not wait for a download
   */
  async reload(model: string | undefined): Promise<ReloadReport> {
    // What can't be read calls nothing off.
    this.#load(model ?? this.#waiting?.given ?? this.#model);
    const order: Order = { model, newer: createGate() };
    const result = this.#inReloadOrder(() => this.#begin(order)).then((begun) =>
      "download" in begun ? this.#leave(begun, order) : begun,
    );
    this.#last?.newer.open({ result });
    this.#last = order;
    return await result;
  }

  /** Drover ends. */
  async close(): Promise<void> {
    await this.#waiting?.download.stop();
  }

  /** To its end, or until a newer one has come while it waits for its model. */
  async #begin(order: Order): Promise<ReloadReport | Waiting> {
    const left = this.#waiting;
    try {
      const given = order.model ?? left?.given ?? this.#model;
      const loaded = this.#load(given, (warning) => this.#parts.logger.warn(warning));
      if (!(await orRefuse(() => this.#parts.needsDownload(loaded.model)))) {
        this.#waiting = undefined;
        await left?.download.callOff();
        return await this.#bringIn(loaded, given, await orRefuse(() => this.#parts.prepareModel(loaded)));
      }
      const applied = await this.#applyLive(loaded);
      const waiting = { given, model: loaded.model, applied, download: await this.#downloadOf(loaded, left) };
      this.#waiting = waiting;
      const served = await orRefuse(() => waiting.download.wait(order.newer.opened), applied);
      if (served === undefined) return waiting;
      this.#waiting = undefined;
      return await this.#bringIn(loaded, given, served, applied);
    } catch (error) {
      this.#waiting = undefined;
      await left?.download.callOff();
      throw error;
    }
  }

  async #downloadOf(loaded: Settings, left: Waiting | undefined): Promise<ModelDownload> {
    if (left?.model === loaded.model) return left.download.takeOver();
    await left?.download.callOff();
    return new ModelDownload((signal) => this.#parts.prepareModel(loaded, signal));
  }

  /** The newer reload brings the same model in, or calls its download off. */
  async #leave({ download, applied, model }: Waiting, { newer }: Order): Promise<ReloadReport> {
    const { result } = await newer.opened;
    if ((await download.fate) === "called off") {
      throw refused(`a newer reload has called the download of ${model} off`, undefined, applied);
    }
    const report = await result;
    return { ...report, changed: [...new Set([...applied, ...report.changed])] };
  }

  /** What takes no new workers waits for no download. */
  async #applyLive(loaded: Settings): Promise<readonly SettingPath[]> {
    const { logger, fleet, balancer } = this.#parts;
    const { live, roll, restart } = diffSettings(this.#settings, loaded);
    const now = keepSettings(this.#settings, loaded, [...roll, ...restart]);
    await orRefuse(() => balancer.applySettings(now));
    fleet.applySettings(now);
    logger.level = now.log.level;
    this.#settings = now;
    if (live.length > 0) logger.info({ changed: live }, `reloaded: ${live.join(", ")}; the model is to be downloaded`);
    return live;
  }

  async #bringIn(
    loaded: Settings,
    given: string | undefined,
    served: ServedModel,
    applied: readonly SettingPath[] = [],
  ): Promise<ReloadReport> {
    return await this.#inChangeOrder(async () => {
      const report = await this.#apply(loaded, served, applied);
      this.#model = given;
      return report;
    });
  }

  async #apply(loaded: Settings, served: ServedModel, applied: readonly SettingPath[]): Promise<ReloadReport> {
    const { logger, fleet, balancer } = this.#parts;
    const before = this.#settings;
    const change = diffSettings(before, loaded);
    const wanted = keepSettings(before, loaded, change.restart);
    const { layout, snapshotLimitBytes } = await orRefuse(() => this.#parts.chooseLayout(wanted, served), applied);
    const scaledTo = change.roll.includes("workers.count") ? undefined : this.#scaledTo;
    const configured = countOf(wanted, layout, fleet.workerCount);
    await orRefuse(() => balancer.applySettings(wanted), applied);
    fleet.applySettings(wanted);
    try {
      await fleet.roll({ settings: wanted, model: served, snapshotLimitBytes }, layout, scaledTo ?? configured);
    } catch (error) {
      balancer.applySettings(before);
      fleet.applySettings(before);
      throw error;
    }
    this.#parts.snapshots.settle(snapshotLimitBytes);
    this.#settings = wanted;
    this.#scaledTo = scaledTo;
    logger.level = wanted.log.level;
    if (change.restart.length > 0)
      logger.warn(`changed, but only a restart of drover applies it: ${change.restart.join(", ")}`);
    const changed = [...applied, ...change.live, ...change.roll];
    const scaled =
      scaledTo === undefined || scaledTo === configured ? {} : { scaled: { workers: scaledTo, configured } };
    const report = { changed, needRestart: change.restart, ...scaled };
    logger.info({ changed, ...scaled }, describeReload(report));
    return report;
  }

  #load(model: string | undefined, onWarning: (warning: string) => void = () => {}): Settings {
    try {
      const loaded = this.#parts.load(model);
      for (const warning of loaded.warnings) onWarning(warning);
      return loaded.settings;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw refused(error.problems.join("; "), error);
    }
  }
}

/** One line for the log. */
function describeReload({ changed, scaled }: ReloadReport): string {
  const done = `reloaded: ${changed.length === 0 ? "no setting has changed" : changed.join(", ")}`;
  return scaled === undefined ? done : `${done}; workers still ${scaled.workers}, as drover scale asked`;
}

function refused(reason: string, cause: unknown, applied: readonly SettingPath[] = []): SupervisorError {
  const what = applied.length === 0 ? "not reloaded, everything" : `reloaded only ${applied.join(", ")}, all else`;
  return new SupervisorError("refused", `${what} is as it was: ${reason}`, { cause });
}

/** What fails before workers are touched refuses the reload, or what is left of it. */
async function orRefuse<T>(action: () => T | Promise<T>, applied: readonly SettingPath[] = []): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw refused((error as Error).message, error, applied);
  }
}
