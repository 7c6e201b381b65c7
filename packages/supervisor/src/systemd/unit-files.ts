/** What the unit files of Drover say about this machine. Paths are absolute. */
export interface ServiceFacts {
  /** `user`: a unit of the calling user's own manager. */
  readonly scope: "system" | "user";
  /** Node's binary and Drover's: `/usr/bin/node`, `/opt/drover/packages/cli/bin/drover.js`. */
  readonly program: readonly string[];
  /** Arguments after `up`. */
  readonly flags: readonly string[];
  /** Where the socket unit listens, as systemd writes it: `127.0.0.1:8080` or `/run/x.sock`. */
  readonly listen: readonly string[];
  /** Account of a system service; absent: systemd makes one up while it runs (`DynamicUser=`). */
  readonly account?: string | undefined;
  /** Files and folders that the service reads: Node, Drover, its configuration, the model, keys and certificates. */
  readonly reads: readonly string[];
  /** Those of them that are the operator's own files, which may be closed to the service. */
  readonly files: readonly string[];
  /** The page about the service. */
  readonly documentation: string;
  /** Longest regular stop, from TERM to the end. */
  readonly stopMs: number;
}

/** First line of each file, by which `drover service install` knows its own. */
export const MARK =
  "# Written by `drover service install`. Run that again to change it, or add a drop-in: systemctl edit drover.";

/** Text of `drover.service`. */
export function renderServiceUnit(facts: ServiceFacts): string {
  const command = [...facts.program, "up", "--admin-socket", "%t/drover/admin.sock", ...facts.flags];
  const reload = [...facts.program, "reload", "--admin-socket", "%t/drover/admin.sock"];
  return sections({
    Unit: [
      "Description=Drover: llama.cpp workers behind one port",
      `Documentation=file:${encodeURI(facts.documentation)}`,
      ...(facts.scope === "system" ? ["After=network-online.target", "Wants=network-online.target"] : []),
      "Requires=drover.socket",
      "After=drover.socket",
      "# A service that fails at once is not started for ever.",
      "StartLimitIntervalSec=5min",
      "StartLimitBurst=5",
    ],
    Service: [
      "Type=notify",
      "SyslogIdentifier=drover",
      "# Node speaks to systemd through the program systemd-notify, a child of the main process.",
      "NotifyAccess=all",
      `ExecStart=${command.map(word).join(" ")}`,
      "# Waits for the result; an invalid configuration makes it fail and changes nothing.",
      `ExecReload=${reload.map(word).join(" ")}`,
      "TimeoutStartSec=90s",
      `TimeoutStopSec=${Math.ceil(facts.stopMs / 1_000)}s`,
      "WatchdogSec=30s",
      "Restart=on-failure",
      "RestartSec=2s",
      "# 2: the command line or configuration is wrong; starting again would not mend it.",
      "RestartPreventExitStatus=2",
      "# TERM goes to Drover alone, which drains its workers; KILL goes to all.",
      "KillMode=mixed",
      "# Each worker command gets a control group of its own below the service's, so that nothing it starts outlives it.",
      "Delegate=yes",
      "# A worker that runs out of memory is Drover's to replace, not the end of the service.",
      "OOMPolicy=continue",
      "LimitNOFILE=65536",
      "RuntimeDirectory=drover",
      "RuntimeDirectoryMode=0700",
      "CacheDirectory=drover",
      "# Downloaded models: %C/drover.",
      "Environment=XDG_CACHE_HOME=%C",
      ...(facts.scope === "system" ? ["Environment=HOME=%C/drover", ...account(facts)] : []),
      ...sandbox(facts),
    ],
    Install: [`WantedBy=${facts.scope === "system" ? "multi-user.target" : "default.target"}`],
  });
}

/** Text of `drover.socket`: systemd holds the port, so a restart of Drover refuses no connection. */
export function renderSocketUnit(facts: ServiceFacts): string {
  return sections({
    Unit: ["Description=Drover's public port"],
    Socket: [
      ...facts.listen.map((address) => `ListenStream=${address.replaceAll("%", "%%")}`),
      "FileDescriptorName=public",
      "Backlog=4096",
      "NoDelay=yes",
    ],
    Install: ["WantedBy=sockets.target"],
  });
}

function account(facts: ServiceFacts): readonly string[] {
  return facts.account === undefined ? ["DynamicUser=yes"] : [`User=${facts.account}`];
}

/** What a user's own manager can apply without privileges. */
const ANYWHERE = [
  "NoNewPrivileges=yes",
  "LockPersonality=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "RestrictNamespaces=yes",
  "# Node lists the network interfaces through netlink.",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "SystemCallArchitectures=native",
  "# @resources stays allowed: workers are pinned to CPUs and memory nodes.",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged",
  "# setpriv, by which workers die with Drover, sets the (empty) capabilities anew.",
  "SystemCallFilter=capset",
  "SystemCallErrorNumber=EPERM",
  "UMask=0077",
];

const SYSTEM_ONLY = [
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "ProtectSystem=strict",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "DevicePolicy=closed",
  "ProtectClock=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "ProtectProc=invisible",
  "RemoveIPC=yes",
];

function sandbox(facts: ServiceFacts): readonly string[] {
  const heading = ["# Hardening. MemoryDenyWriteExecute is left out: V8 compiles to memory."];
  if (facts.scope === "user") return [...heading, ...ANYWHERE];
  const hidden = facts.reads.filter((path) => /^\/(home|root|run\/user)\//.test(path));
  const home =
    hidden.length === 0
      ? ["ProtectHome=yes"]
      : ["# Home folders are hidden but for what Drover reads.", "ProtectHome=tmpfs", ...hidden.map(bind)];
  return [...heading, ...ANYWHERE, ...SYSTEM_ONLY, ...home];
}

function bind(path: string): string {
  return `BindReadOnlyPaths=${path.replaceAll("%", "%%").replaceAll(/([\\ :"'])/g, "\\$1")}`;
}

/** A word of a command line as systemd reads it. `%t` and the like of our own stay. */
function word(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("$", () => "$$")
    .replaceAll("\n", "\\n")
    .replaceAll(/%(?!t\/drover\/)/g, "%%");
  return /^[\w@%+=:,./\\$-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

function sections(content: Readonly<Record<string, readonly string[]>>): string {
  const texts = Object.entries(content).map(([name, lines]) => `[${name}]\n${lines.join("\n")}\n`);
  return [`${MARK}\n`, ...texts].join("\n");
}
