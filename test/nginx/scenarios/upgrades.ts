import { get, one, pipelined, request, type Scenario, sequence } from "../scenario.ts";
import { ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;

/** Requests that offer another protocol. */
export const upgradeScenarios: readonly Scenario[] = [
  {
    name: "whatever protocol an upstream switches to is carried, and an offer it does not take up costs nothing",
    upstreams: {
      a: ({ line, fields }) =>
        fields.some((field) => /^upgrade: foo$/i.test(field)) && line.includes("/yes")
          ? { kind: "echo", text: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n" }
          : line.includes("/held")
            ? { ...ok("held"), held: true }
            : line.includes("/late")
              ? { ...ok("late"), afterMs: 100 }
              : ok("plain"),
    },
    conf: `map $http_upgrade $connection_upgrade { default upgrade; '' close; } ${server(
      `location / { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_pass http://@a; } location /no { proxy_pass http://@a; } location /r { return 200 done; }`,
    )}`,
    steps: [
      { kind: "switch", text: get("/yes", "Upgrade: foo", "Connection: Upgrade"), bytes: "ping pong" },
      {
        kind: "switch",
        text: request("POST /yes", ["Upgrade: foo", "Connection: Upgrade"], "body"),
        bytes: "ping pong",
      },
      one(get("/plain", "Upgrade: foo", "Connection: Upgrade")),
      sequence(
        get("/plain", "Upgrade: foo", "Connection: Upgrade"),
        get("/no", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"),
        get("/r", "Upgrade: h2c", "Connection: Upgrade"),
        request("POST /plain", ["Upgrade: foo", "Connection: Upgrade"], "body"),
        get("/plain"),
      ),
      // Pipelined: the second comes while the first is served.
      ...["foo", "websocket"].map((protocol) =>
        pipelined(
          get("/late", "Connection: keep-alive"),
          get("/plain", `Upgrade: ${protocol}`, "Connection: Upgrade"),
          get("/plain"),
        ),
      ),
      { kind: "leave", text: get("/held", "Upgrade: websocket", "Connection: Upgrade") },
    ],
  },
  {
    name: "a long response to a request with an offer comes whole",
    upstreams: {
      a: () => ({ kind: "send", text: `HTTP/1.0 200 OK\r\n\r\n${"x".repeat(6_000_000)}`, thenClose: true }),
    },
    conf: server("location / { proxy_pass http://@a; }"),
    steps: [{ kind: "unread", text: get("/", "Upgrade: h2c", "Connection: Upgrade, close"), until: 300 }],
  },
];
