import type { Clock } from "@drover/foundation/clock";
import type { NginxModel } from "../model/model.ts";
import type { ServerIdentity } from "./response/response-fields.ts";
import type { Group } from "./proxy/groups.ts";
import type { LogFiles } from "./log-files.ts";
import type { Names } from "./proxy/names.ts";

/** What requests are served from: one loaded configuration and what runs for it. A reload makes a new one. */
export interface Runtime {
  readonly model: NginxModel;
  readonly groups: ReadonlyMap<string, Group>;
  readonly logs: LogFiles;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly names: Names;
  /** `drover/0.1.0`. */
  readonly identity: ServerIdentity;
  /** 32 hexadecimal digits (`$request_id`). */
  readonly newRequestId: () => string;
  /** No connection is kept after its response any more. */
  isClosing: boolean;
}
