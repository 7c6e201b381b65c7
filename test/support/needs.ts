import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { delegatedCgroup } from "@drover/supervisor/process";

/** Programs that tests use and that not every machine has, with the Debian package each comes from (`.ci/run` installs them). */
const debianPackages = {
  nginx: "nginx-light",
  haproxy: "haproxy",
  numactl: "numactl",
  taskset: "util-linux",
  setpriv: "util-linux",
  script: "bsdutils",
  lscpu: "util-linux",
  python3: "python3",
  git: "git",
  chromium: "chromium",
  prometheus: "prometheus",
  promtool: "prometheus",
  "systemd-analyze": "systemd",
  "systemd-notify": "systemd",
  "systemd-socket-activate": "systemd",
  "systemd-nspawn": "systemd-container",
  debootstrap: "debootstrap",
} as const;

/** Of linux/magic.h. */
const TMPFS_MAGIC = 0x01021994;

type Program = keyof typeof debianPackages;

/**
 * Options for a test that runs these programs: `it("…", needs("nginx"), async () => …)`. Where one is missing the test is
 * skipped and says which, except under `CI=true`, where a skip would hide that nothing was tested.
 * @throws Error under `CI=true` when one is missing.
 */
export function needs(...programs: readonly Program[]): { readonly skip: string | false } {
  // nginx and haproxy lie in /usr/sbin, which is not in everyone's PATH.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return needsIn(folders, programs);
}

/** As {@link needs} with nginx, for tests that hold its very words against ours: each release has others. */
export function needsNginx(release: string): { readonly skip: string | false } {
  const needed = needs("nginx");
  if (needed.skip !== false) return needed;
  const path = `${process.env["PATH"]}:/usr/sbin:/sbin`;
  const { stderr } = spawnSync("nginx", ["-v"], { encoding: "utf8", env: { ...process.env, PATH: path } });
  const found = /nginx\/(\S+)/.exec(stderr)?.[1] ?? "unknown";
  return { skip: found.startsWith(`${release}.`) ? false : `compares with nginx ${release}, and here is ${found}` };
}

/** For tests of snapshots: Docker's /dev/shm has 64 MiB, and some containers none. */
export function needsSharedMemory(freeBytes: number): { readonly skip: string | false } {
  const reason = `needs /dev/shm with ${freeBytes / 2 ** 20} MiB free`;
  try {
    const { type, bavail, bsize } = statfsSync("/dev/shm");
    return { skip: type === TMPFS_MAGIC && bavail * bsize >= freeBytes ? false : reason };
  } catch {
    return { skip: reason };
  }
}

/** For tests of control groups: few machines leave one to their users, and a container's are read-only as a rule. */
export function needsControlGroup(): { readonly skip: string | false } {
  const reason = "needs a control group (v2) that this user may make others in";
  return { skip: delegatedCgroup() === undefined ? reason : false };
}

/** As {@link needs}, with the folders to look in. */
export function needsIn(folders: readonly string[], programs: readonly Program[]): { readonly skip: string | false } {
  const missing = programs.filter((program) => !folders.some((folder) => isExecutable(join(folder, program))));
  if (missing.length === 0) return { skip: false };
  const packages = [...new Set(missing.map((program) => debianPackages[program]))];
  return refuse(`needs ${missing.join(", ")} (apt-get install ${packages.join(" ")})`);
}

/** As {@link needs}, for the lint tools, which `pnpm tools` installs apart. */
export function needsTool(name: "oxlint" | "oxc-parser" | "biome" | "knip" | "playwright-core"): {
  readonly skip: string | false;
} {
  return isExecutable(toolPath(name)) || existsSync(toolFolder(name))
    ? { skip: false }
    : refuse(`needs ${name} (npx -y pnpm@12.21.0 tools)`);
}

/** Where {@link needsTool} looks. */
export function toolPath(name: string): string {
  return new URL(`../../../tools/node_modules/.bin/${name}`, import.meta.url).pathname;
}

/** The folder of a package that `pnpm tools` installs. */
export function toolFolder(name: string): string {
  return new URL(`../../../tools/node_modules/${name}`, import.meta.url).pathname;
}

/** Options for a test of the newest npm clients, which `pnpm clients` installs apart. */
export function needsClients(): { readonly skip: string | false } {
  const folder = new URL("../../../clients/node_modules/openai", import.meta.url);
  return existsSync(folder) ? { skip: false } : refuse("needs the npm clients (npx -y pnpm@12.21.0 clients)");
}

function refuse(reason: string): { readonly skip: string } {
  if (process.env["CI"] === "true") throw new Error(`${reason}, which may not be skipped under CI=true`);
  return { skip: reason };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
