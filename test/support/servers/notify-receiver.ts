import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";

/** A stand-in for systemd's end of `NOTIFY_SOCKET`. */
export interface NotifyReceiver {
  /** For `NOTIFY_SOCKET`. */
  readonly path: string;
  /** Every datagram so far, as its assignments. */
  readonly messages: readonly (readonly string[])[];
  /** Resolves with the first datagram, from the `from`th on, with an assignment that matches. @throws Error after `limitMs` */
  readonly next: (
    pattern: RegExp,
    options?: { readonly from?: number; readonly limitMs?: number },
  ) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

// Node has no datagram sockets of the UNIX family. Descriptors that come along (BARRIER=1) are closed: that is the response
// that systemd-notify waits for.
const PROGRAM = `
import json, os, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, descriptors, _, _ = socket.recv_fds(receiver, 65536, 8)
    for descriptor in descriptors:
        os.close(descriptor)
    print(json.dumps(data.decode().strip().split("\\n")), flush=True)
`;

export async function startNotifyReceiver(): Promise<NotifyReceiver> {
  const folder = mkdtempSync(join(tmpdir(), "drover-notify-"));
  const path = join(folder, "notify");
  const child = execa("python3", ["-c", PROGRAM, path], { reject: false, buffer: false });
  const messages: (readonly string[])[] = [];
  const waiting = new Set<() => void>();
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  lines.on("line", (line) => {
    const message = JSON.parse(line) as readonly string[];
    if (message[0] !== "BARRIER=1") messages.push(message);
    for (const look of waiting) look();
  });
  return {
    path,
    messages,
    next: (pattern, { from = 0, limitMs = 60_000 } = {}) =>
      new Promise((resolve, reject) => {
        const end = () => {
          waiting.delete(look);
          clearTimeout(timer);
        };
        const look = () => {
          const found = messages.slice(from).find((message) => message.some((text) => pattern.test(text)));
          if (found === undefined) return;
          end();
          resolve(found);
        };
        const timer = setTimeout(() => {
          end();
          reject(new Error(`no ${pattern} within ${limitMs} ms, only ${JSON.stringify(messages.slice(from))}`));
        }, limitMs);
        waiting.add(look);
        look();
      }),
    async close() {
      child.kill();
      await child;
      rmSync(folder, { recursive: true });
    },
  };
}
