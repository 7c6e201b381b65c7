import { duration, flag, list, oneOf, size, whole } from "../setting-values.ts";
import { live, type LiveSetting } from "../setting.ts";
import { policyNames } from "./policy-names.ts";

/** How a request finds its worker, and how long it may wait. */
export const routingSettings = live([
  {
    path: "balancer.policy",
    schema: oneOf(...policyNames),
    default: "least_conn",
    flag: "policy",
    doc: "How a request finds its worker.",
  },
  {
    path: "balancer.upstreams",
    schema: list(),
    default: [],
    flag: "upstream",
    doc: "Servers that Drover does not start but routes to: `http://HOST:PORT [weight=N] [max_conns=N] [max_fails=N] [fail_timeout=TIME] [slow_start=TIME] [backup] [down]`.",
  },
  {
    path: "balancer.check",
    schema: flag(),
    default: false,
    flag: "check-upstreams",
    doc: "Probe the servers of `balancer.upstreams` as `checks` says, and leave out those that fail.",
  },
  {
    path: "balancer.connectTimeout",
    schema: duration(),
    default: "5s",
    doc: "Longest wait for a connection to an upstream that Drover does not own; workers of its own are judged by their heartbeat.",
  },
  {
    path: "balancer.readTimeout",
    schema: duration(),
    default: "60s",
    flag: "read-timeout",
    doc: "Longest silence of an upstream that Drover does not own; workers of its own are judged by their heartbeat.",
  },
  {
    path: "balancer.streamPings",
    schema: oneOf("on", "off"),
    default: "on",
    flag: "stream-pings",
    doc: "Tell a stream that waits for a worker of Drover's own, or whose prompt is read, so in comments: after a tenth of a second and then each second, so that no proxy in front gives up. Its errors are then events.",
  },
  {
    path: "queue.limit",
    schema: whole(0),
    default: 1000,
    unit: "requests",
    flag: "queue-limit",
    doc: "Requests that may wait for a slot; one more gets a 429.",
  },
  {
    path: "queue.bodies",
    schema: size(),
    default: "256MiB",
    flag: "queue-bodies",
    doc: "Bytes of all request bodies that are held at a time, those of running requests included; one more gets a 503. One client may have half of what others leave.",
  },
  {
    path: "queue.timeout",
    schema: duration(),
    default: "120s",
    flag: "queue-timeout",
    doc: "Longest wait for a slot; then the status is 503.",
  },
] as const satisfies readonly LiveSetting[]);
