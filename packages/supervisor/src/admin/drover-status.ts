import type { UpstreamStatus } from "@drover/balancer";
import type { TransferState } from "@drover/models/transfer";
import type { FleetStatus } from "../fleet/fleet-status.ts";

/** What the admin API sends for `GET /status`. */
export interface DroverStatus extends FleetStatus {
  readonly service: ServiceStatus;
  /** Servers that Drover does not start (`drover balance`, `balancer.upstreams`). */
  readonly upstreams: readonly UpstreamRow[];
}

/** About the process itself. */
export interface ServiceStatus {
  readonly command: "up" | "balance";
  readonly version: string;
  readonly pid: number;
  /** `preparing`: the model is made ready; `starting`: no worker serves yet. */
  readonly phase: "preparing" | "starting" | "serving" | "asleep" | "ending";
  /** Where it serves; empty while it prepares. */
  readonly urls: readonly string[];
  /** null: it serves no model of its own. */
  readonly model: string | null;
  /** How far the download of the model is; null: nothing is downloaded. */
  readonly download: TransferState | null;
  /** null while it prepares. */
  readonly queue: { readonly depth: number; readonly limit: number } | null;
  /** Settings file; null: flags, environment and defaults alone. */
  readonly config: string | null;
  /** Sentences about what this machine lacks, and what does not work for it. */
  readonly missing: readonly string[];
}

export interface UpstreamRow
  extends Pick<UpstreamStatus, "id" | "origin" | "state" | "active" | "requests" | "failures"> {
  readonly lastFailure: string | null;
}
