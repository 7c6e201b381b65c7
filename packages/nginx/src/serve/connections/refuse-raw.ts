import type { Socket } from "node:net";
import { headText } from "@drover/balancer/engine";
import type { ServerModel } from "../../model/model.ts";
import type { Runtime } from "../runtime.ts";
import { serverText } from "../response/response-fields.ts";
import { pageOf, publicStatus, reasonOf } from "../response/special-pages.ts";

export interface RawRefusal {
  readonly status: number;
  readonly headBytes: number;
}

/** Responds to bytes that are no request with nginx's page, and closes. */
export function refuseRaw(socket: Socket, status: number, server: ServerModel, runtime: Runtime): RawRefusal {
  const shown = publicStatus(status);
  if (!socket.writable) {
    socket.destroy();
    return { status: shown, headBytes: 0 };
  }
  const by = serverText(server.settings, runtime);
  const page = pageOf(status, by, undefined, false) ?? "";
  const fields = ["Server", by, "Date", new Date(runtime.clock.epochMs()).toUTCString(), "Content-Type", "text/html"];
  fields.push("Content-Length", String(page.length), "Connection", "close");
  const head = headText(shown, reasonOf(shown), fields);
  const message = `client sent invalid request, client: ${socket.remoteAddress ?? "unix:"}`;
  runtime.logs.error(server.settings.errorLogs, "info", message);
  socket.end(head + page, () => socket.destroy());
  return { status: shown, headBytes: head.length };
}
