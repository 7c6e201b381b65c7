import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { SupervisorError } from "../errors.ts";

/**
 * One call of the admin API on the unix socket `path`; resolves with its JSON response.
 * @throws SupervisorError `not_running`, or `refused` with the supervisor's own reason
 */
export async function callAdmin<T>(path: string, method: "GET" | "POST", call: string): Promise<T> {
  const response = await send(path, method, call);
  if (response.statusCode !== 200) throw await refusalOf(response);
  return JSON.parse(await text(response)) as T;
}

/** The lines of `GET call`, until the supervisor ends or the loop is left. Errors as {@link callAdmin}. */
export async function* streamAdmin(path: string, call: string): AsyncGenerator<string> {
  const response = await send(path, "GET", call);
  if (response.statusCode !== 200) throw await refusalOf(response);
  try {
    yield* createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    // The supervisor has ended, and with it the stream.
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
  } finally {
    response.destroy();
  }
}

async function send(path: string, method: string, call: string): Promise<IncomingMessage> {
  const sent = request({ socketPath: path, method, path: call, agent: false });
  sent.end();
  try {
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return response;
  } catch (cause) {
    throw unreachable(path, (cause as NodeJS.ErrnoException).code ?? "unknown", cause);
  }
}

async function refusalOf(response: IncomingMessage): Promise<SupervisorError> {
  const { error } = JSON.parse(await text(response)) as { readonly error?: string };
  return new SupervisorError("refused", error ?? "the supervisor refused");
}

function unreachable(path: string, code: string, cause: unknown): SupervisorError {
  if (code === "EACCES") {
    const message = `the admin socket ${path} belongs to another user; run this as the user that runs drover`;
    return new SupervisorError("not_running", message, { cause });
  }
  if (code === "ENOENT" || code === "ECONNREFUSED") {
    const message = `no drover is running (nobody listens on ${path}). Start one with \`drover up\`, or name its --admin-socket.`;
    return new SupervisorError("not_running", message, { cause });
  }
  return new SupervisorError("not_running", `the drover on ${path} broke off the call (${code})`, { cause });
}
