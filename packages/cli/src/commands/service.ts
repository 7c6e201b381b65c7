import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environmentName } from "@drover/config";
import { homeFolder, userId } from "@drover/foundation/files/user-folders";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import {
  type LookUp,
  lostSettings,
  MARK,
  renderServiceUnit,
  renderSocketUnit,
  type ServiceAccount,
  type ServiceFacts,
  serviceFacts,
  whyUnreadable,
} from "@drover/supervisor/systemd";
import type { Command, Flag, Invocation, NamedCommand } from "../line/command.ts";

const SCOPE_FLAGS: Readonly<Record<string, Flag>> = {
  user: { type: "switch", doc: "A service of your own account, without root" },
  "run-as": { type: "text", doc: "Account of the system service; without it systemd makes one up (DynamicUser)" },
};

const install: NamedCommand = {
  usage: "install",
  summary: "Write drover.service and drover.socket for systemd; settings given here go into the unit",
  settings: "all",
  flags: {
    ...SCOPE_FLAGS,
    print: { type: "switch", doc: "Print the files instead of writing them" },
  },
  examples: [
    ["drover service install --config /etc/drover/drover.yaml", "a system service from a settings file"],
    ["drover service install --user --model ~/m.gguf", "a service of your own account"],
  ],
  run: async (invocation) => {
    if (invocation.isOn("print")) return printUnits(invocation);
    const facts = readFacts(invocation);
    requireReadable(facts);
    const folder = unitFolder(facts.scope, invocation);
    for (const { name, text } of unitsOf(facts)) {
      writeUnit(join(folder, name), text);
      invocation.stdout.write(`wrote ${join(folder, name)}\n`);
    }
    invocation.stdout.write(nextSteps(facts.scope));
    return 0;
  },
};

const print: NamedCommand = {
  usage: "print",
  summary: "Print what `install` would write: the same as install --print",
  settings: "all",
  flags: SCOPE_FLAGS,
  run: async (invocation) => printUnits(invocation),
};

export const service: Command = {
  subcommands: [install, print],
};

function printUnits(invocation: Invocation): ExitCode {
  for (const { name, text } of unitsOf(readFacts(invocation))) invocation.stdout.write(`# --- ${name}\n${text}\n`);
  return 0;
}

function unitsOf(facts: ServiceFacts): readonly { readonly name: string; readonly text: string }[] {
  return [
    { name: "drover.service", text: renderServiceUnit(facts) },
    { name: "drover.socket", text: renderSocketUnit(facts) },
  ];
}

function readFacts(invocation: Invocation): ServiceFacts {
  const scope = invocation.isOn("user") ? "user" : "system";
  const account = invocation.text("run-as");
  if (scope === "user" && account !== undefined)
    throw new SupervisorError("usage", "--run-as is for a system service; a --user service runs as you");
  const loaded = invocation.settings();
  for (const row of lostSettings(loaded)) {
    const name = environmentName(row);
    invocation.stderr.write(`${name} is set here, but the service will not have it: put "${row.path}" in its file\n`);
  }
  return serviceFacts({
    scope,
    account,
    loaded,
    typed: invocation.values,
    workingFolder: process.cwd(),
    node: realpathSync(process.execPath),
    root: fileURLToPath(new URL("../../../..", import.meta.url)),
  });
}

/** The service would fail at its start, and say so only in the journal. */
function requireReadable({ files, account, scope }: ServiceFacts): void {
  const reader = scope === "user" ? ownAccount() : account === undefined ? SYSTEMDS_OWN : accountOf(account);
  const reasons = files.flatMap((file) => whyUnreadable(file, reader, lookUp) ?? []);
  if (reasons.length === 0) return;
  const who = scope === "user" ? "you" : (account ?? "the account that systemd makes up (DynamicUser)");
  const advice =
    scope === "user"
      ? "Change their owner or mode"
      : "Give an account that may read them with --run-as, or change their group or mode";
  throw new SupervisorError(
    "refused",
    `the service runs as ${who} and could not read its files: ${reasons.join("; ")}. ${advice}. Nothing was written.`,
  );
}

const SYSTEMDS_OWN: ServiceAccount = { uid: undefined, gids: [] };

function ownAccount(): ServiceAccount {
  return { uid: userId(), gids: process.getgroups?.() ?? [] };
}

function accountOf(name: string): ServiceAccount {
  const ask = (what: string) =>
    execFileSync("id", [what, name], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  try {
    return { uid: Number(ask("-u")), gids: ask("-G").trim().split(/\s+/u).map(Number) };
  } catch (cause) {
    throw new SupervisorError("usage", `--run-as ${name}: there is no such account`, { cause });
  }
}

const lookUp: LookUp = (path) => {
  try {
    const { uid, gid, mode } = statSync(path);
    return { uid, gid, mode, realPath: realpathSync(path) };
  } catch {
    return undefined;
  }
};

function unitFolder(scope: ServiceFacts["scope"], { environment }: Invocation): string {
  if (scope === "system") return "/etc/systemd/system";
  return join(environment["XDG_CONFIG_HOME"] ?? join(homeFolder(), ".config"), "systemd/user");
}

function writeUnit(path: string, text: string): void {
  if (!isOurs(path))
    throw new SupervisorError("refused", `${path} was not written by Drover and is left alone: move it away first`);
  try {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    const hint = "run it as root, or give --user for your own account, or --print to see the files";
    throw new SupervisorError("refused", `${path} can't be written (${(error as Error).message}): ${hint}`);
  }
}

/** Whether the file is missing or carries our mark. */
function isOurs(path: string): boolean {
  try {
    return readFileSync(path, "utf8").startsWith(MARK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function nextSteps(scope: ServiceFacts["scope"]): string {
  const user = scope === "user" ? " --user" : "";
  const socket = scope === "user" ? '"$XDG_RUNTIME_DIR/drover/admin.sock"' : "/run/drover/admin.sock";
  return [
    "Next:",
    `  systemctl${user} daemon-reload`,
    `  systemctl${user} enable --now drover.socket drover.service`,
    `  journalctl${user} -f -u drover`,
    `  drover status --admin-socket ${socket}`,
    ...(scope === "user" ? ["  loginctl enable-linger   # to run while you are not logged in"] : []),
    "",
  ].join("\n");
}
