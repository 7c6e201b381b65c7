import type { Environment } from "@drover/config";
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPrivate, makePrivateFolder, userId } from "@drover/foundation/files/user-folders";
import { socketAt } from "@drover/foundation/socket-path";
import { SupervisorError } from "../errors.ts";

/** Which process listens: `drover up`, or `drover balance`, which may run beside it. */
export type AdminKind = "up" | "balance";

const NAMES: Readonly<Record<AdminKind, string>> = { up: "drover.sock", balance: "drover-balance.sock" };

/** Where `auto` looks. Tests pass others. */
export interface RuntimeFolders {
  readonly uid: number;
  /** Of the login manager: a folder for each user. */
  readonly perUser: string;
  readonly temporary: string;
}

const FOLDERS: RuntimeFolders = { uid: userId(), perUser: "/run/user", temporary: tmpdir() };

/**
 * Where the admin API is to listen: the `admin.socket` setting, or for `auto` the first folder that is this user's own:
 * `$XDG_RUNTIME_DIR`, `/run/user/UID`, or one that is made among the temporary files.
 * @throws SupervisorError `listen_failed` where another user has taken the last one's name
 */
export function adminPath(
  setting: string,
  kind: AdminKind,
  environment: Environment,
  folders: RuntimeFolders = FOLDERS,
): string {
  if (setting !== "auto") return setting;
  const [last = "", ...others] = candidates(environment, folders).toReversed();
  const own = others.toReversed().find((folder) => isPrivateFolder(folder, folders.uid));
  return join(own ?? makePrivate(last, folders.uid), NAMES[kind]);
}

/**
 * Where a running drover of this user listens: the setting, or for `auto` the first socket of this user's in one of those
 * folders, so that it is found from a shell with another environment; else where one would listen.
 */
export function findAdminPath(setting: string, environment: Environment, folders: RuntimeFolders = FOLDERS): string {
  if (setting !== "auto") return setting;
  const all = candidates(environment, folders);
  const paths = (["up", "balance"] as const).flatMap((kind) => all.map((folder) => join(folder, NAMES[kind])));
  return paths.find((path) => isOwnSocket(path, folders.uid)) ?? paths[0] ?? "";
}

function candidates(environment: Environment, { uid, perUser, temporary }: RuntimeFolders): readonly string[] {
  const runtime = environment["XDG_RUNTIME_DIR"] ?? "";
  return [...(runtime === "" ? [] : [runtime]), join(perUser, String(uid)), join(temporary, `drover-${uid}`)];
}

function isPrivateFolder(folder: string, uid: number): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found !== undefined && isPrivate(found, uid);
}

function makePrivate(folder: string, uid: number): string {
  const problem = makePrivateFolder(folder, uid);
  if (problem === undefined) return folder;
  const advice = "choose another place with --admin-socket, or set XDG_RUNTIME_DIR";
  throw new SupervisorError("listen_failed", `${folder} ${problem}: ${advice}`);
}

function isOwnSocket(path: string, uid: number): boolean {
  const found = socketAt(path);
  return found !== undefined && found.isSocket() && found.uid === BigInt(uid);
}
