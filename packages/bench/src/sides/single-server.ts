import type { Clock } from "@drover/foundation/clock";
import { startChildServer } from "../servers/child-server.ts";
import type { CommandLine } from "../servers/die-with-parent.ts";
import { freePort } from "../servers/free-port.ts";
import type { Side } from "./side.ts";

interface SingleServer extends Pick<Side, "name" | "doc"> {
  /** What its processes are called. */
  readonly process: string;
  readonly commandOn: (port: number) => CommandLine;
}

/** A set-up that is one server with a `/health`. */
export function singleServer({ name, doc, process, commandOn }: SingleServer, clock: Clock): Side {
  return {
    name,
    doc,
    async start(signal) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const server = await startChildServer({
        name: doc,
        ...commandOn(port),
        readyUrl: `${url}/health`,
        clock,
        signal,
      });
      return { url, processes: () => Promise.resolve(server.processes(process)), stop: () => server.stop() };
    },
  };
}
