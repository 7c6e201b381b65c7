import { once } from "node:events";
import { linkSync, renameSync, unlinkSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { socketAt, socketPathProblem } from "@drover/foundation/socket-path";
import { SupervisorError } from "../errors.ts";

/**
 * Listens on the unix socket `path` with mode 0600. The socket that a killed supervisor left behind is taken over; a
 * live one is not, even when two start at the same moment: the socket is bound under a name of its own and linked to
 * `path`, which fails where something is, and what is moved out of the way is asked first whether it lives.
 * Returns what removes it and closes the server.
 * @throws SupervisorError `already_running`, `listen_failed`
 */
export async function claimSocket(server: Server, path: string): Promise<() => void> {
  checkSocketPath(path);
  const own = ownPath(path);
  await listenPrivately(server, own);
  try {
    while (!tryLink(own, path)) await clearStale(path);
  } catch (error) {
    server.close();
    throw error;
  }
  return () => {
    remove(path);
    server.close();
    server.closeAllConnections();
  };
}

/** What can be known without listening. @throws SupervisorError `listen_failed` */
export function checkSocketPath(path: string): void {
  const problem = socketPathProblem(path) ?? socketPathProblem(ownPath(path));
  if (problem !== undefined) throw cannotMake(path, problem);
}

function ownPath(path: string): string {
  return `${path}.${process.pid}`;
}

async function listenPrivately(server: Server, path: string): Promise<void> {
  remove(path);
  const before = process.umask(0o177);
  try {
    // Binding happens within this call, so that nobody else's file gets the mask.
    server.listen(path);
  } finally {
    process.umask(before);
  }
  try {
    await once(server, "listening");
  } catch (cause) {
    throw cannotMake(path, (cause as NodeJS.ErrnoException).code ?? "unknown", cause);
  }
}

function cannotMake(path: string, reason: string, cause?: unknown): SupervisorError {
  const message = `the admin socket ${path} can't be made (${reason}); choose another place with --admin-socket`;
  return new SupervisorError("listen_failed", message, { cause });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    unlinkSync(from);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves it aside before it is judged for good: somebody else may take it over at this moment. */
async function clearStale(path: string): Promise<void> {
  if (await isAlive(path)) throw alreadyRunning(path);
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (await isAlive(aside)) {
    tryLink(aside, path);
    throw alreadyRunning(path);
  }
  remove(aside);
}

async function isAlive(path: string): Promise<boolean> {
  if (socketAt(path)?.isSocket() === false) {
    throw new SupervisorError("listen_failed", `${path} is no socket; choose another place with --admin-socket`);
  }
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") throw alreadyRunning(path);
    return false;
  } finally {
    socket.destroy();
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Nothing was there.
  }
}

function alreadyRunning(path: string): SupervisorError {
  return new SupervisorError(
    "already_running",
    `another drover runs with the admin socket ${path}. Stop it with \`drover stop\`, or give this one its own --admin-socket.`,
  );
}
