import { isLoopbackAddress } from "@drover/foundation/network/addresses";
import type { UpstreamGroupModel } from "../model/model.ts";

/** Whether Drover could start a group's servers: all on neighbouring ports of this machine. */
export function isStartable({ servers }: UpstreamGroupModel): boolean {
  const ports = loopbackPorts(servers);
  const [first = 0] = ports;
  return ports.length > 0 && ports.length === servers.length && ports.every((port, index) => port === first + index);
}

/** The lines that let Drover start a group's servers itself; as a comment where no command is given. */
export function workersOf(group: UpstreamGroupModel, command: string | undefined): string[] {
  const ports = loopbackPorts(group.servers);
  if (!isStartable(group)) {
    return command === undefined
      ? []
      : ["", "# workers: the servers are not on neighbouring ports of this machine, so that Drover cannot start them."];
  }
  const lines = [
    "workers:",
    `  command: ${JSON.stringify(command ?? "python app.py --port {port} --n_threads {threads}")}`,
    `  count: ${ports.length}`,
    `  firstPort: ${ports[0] ?? 0}`,
  ];
  if (command !== undefined) return ["", "# The servers of the group, started and watched by Drover.", ...lines];
  const how =
    "# Drover can start and watch the servers itself: take the upstreams out, and these lines in with your command.";
  return ["", how, ...lines.map((line) => `# ${line}`)];
}

function loopbackPorts(servers: UpstreamGroupModel["servers"]): number[] {
  return servers.flatMap(({ address }) =>
    address.kind === "ip" && isLoopbackAddress(address.host) ? [address.port] : [],
  );
}
