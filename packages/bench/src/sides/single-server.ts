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
export function singleServer({ name, doc, process, commandOn }: SingleServer): Side {
  return {
    name,
    doc,
    async start(signal) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const server = await startChildServer({ name: doc, ...commandOn(port), readyUrl: `${url}/health`, signal });
      return { url, processes: () => Promise.resolve(server.processes(process)), stop: () => server.stop() };
    },
  };
}

/** Any command; `{port}` in it is replaced by a free port. */
export function commandSide(command: string): Side {
  const name = command.split(" ")[0]?.split("/").at(-1) ?? command;
  const commandOn = (port: number) => ({
    file: "/bin/sh",
    args: ["-c", `exec ${command.replaceAll("{port}", String(port))}`],
  });
  return singleServer({ name, doc: command, process: "command", commandOn });
}
