import net from "node:net";

/** Sends bytes as they are and resolves with everything that came back until the server closed, or until `until` was seen. */
export function rawExchange(port: number, bytes: string, until?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    let seen = "";
    const done = (): void => {
      socket.destroy();
      resolve(seen);
    };
    socket.setTimeout(60_000, () => reject(new Error(`silence after: ${seen}`)));
    socket.on("data", (part: Buffer) => {
      seen += part.toString("latin1");
      if (until !== undefined && seen.includes(until)) done();
    });
    socket.on("end", done);
    socket.on("error", done);
  });
}
