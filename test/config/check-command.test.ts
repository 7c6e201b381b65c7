import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConfigError, loadSettings } from "@drover/config";
import { ModelError } from "@drover/models";
import { checkPublicAddresses, checkSettings } from "@drover/supervisor/application";
import { SupervisorError } from "@drover/supervisor/errors";
import { execa } from "execa";

const drover = new URL("../../../node_modules/.bin/drover", import.meta.url).pathname;
const adminSocket = join(tmpdir(), `drover-check-${process.pid}.sock`);
const MISSPELT = "drover: DROVER_SLTOS: no setting has this environment variable; did you mean DROVER_SLOTS?";

describe("drover check", () => {
  it("names a misspelt variable and its nearest, passes, and takes the last of a flag that is given twice", async () => {
    const { exitCode, stdout, stderr } = await check("--json", "--slots", "2", "--slots", "4");
    assert.deepEqual([exitCode, stderr], [0, MISSPELT]);
    const { settings } = JSON.parse(stdout) as { readonly settings: { readonly workers: { readonly slots: number } } };
    assert.equal(settings.workers.slots, 4);
  });

  it("fails for a misspelt variable under --strict", async () => {
    const { exitCode, stderr } = await check("--strict");
    assert.equal(exitCode, 2);
    assert.match(stderr, /DROVER_SLTOS: no setting has this environment variable/);
  });

  for (const [flag, value, reason] of [
    ["upstream", "http://127.0.0.1:1/v1", /127\.0\.0\.1:1\/v1/],
    ["upstream", "http://127.0.0.1:1 weight=0", /weight 0 is not a whole number above 0/],
    ["api-key", "abc", /API key 1 has fewer than 4 characters/],
    ["tls-certificate", "/nowhere", /tls\.certificate and tls\.key belong together/],
    ["trusted-proxy", "somewhere", /somewhere/],
    ["listen", "unix:/nowhere/public.sock", /there is no folder \/nowhere/],
    ["admin-socket", "/nowhere/drover.sock", /there is no folder \/nowhere/],
    ["worker-command", "/dev/null {port}", /\/dev\/null is no file that may be executed/],
    ["worker-command", " ", /the worker command is empty/],
  ] as const) {
    it(`refuses --${flag} ${value}`, async () => {
      assert.match((await refusalOf({ [flag]: value })).message, reason);
    });
  }

  for (const [what, flags, reason] of [
    ["a model that is not there", { model: "no-such.gguf" }, /no-such\.gguf does not exist/],
    ["a file of keys that is not there", { "api-keys-file": "no-such-keys" }, /no-such-keys/],
    ["a certificate that is not there", { "tls-certificate": "no.pem", "tls-key": "no.pem" }, /no\.pem/],
    ["an upstream that is no address", { upstream: "ftp://127.0.0.1:1" }, /ftp:/],
    ["more workers than memory holds", { workers: "1000", ctx: "8192", slots: "512" }, /not fit into memory/],
    ["an address that this machine does not have", { listen: "192.0.2.1:8088" }, /does not have that address/],
    [
      "a worker command whose program is not there",
      { "worker-command": "no-such-program {port}" },
      /no-such-program is in no folder of \$PATH/,
    ],
    ["more snapshots than there is shared memory", { snapshots: "900GiB" }, /--snapshots/],
  ] as const) {
    it(`refuses ${what}, in the words of drover up`, async () => {
      const { message } = await refusalOf(flags);
      assert.match(message, reason);
      const given = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
      const words = ["up", "--listen=127.0.0.1:0", `--admin-socket=${adminSocket}`, ...given];
      const started = await execa(drover, words, { reject: false });
      assert.deepEqual([started.exitCode, wordsOf(started.stderr)], [2, wordsOf(`drover: ${message}`)]);
    });
  }
});

it("drover check takes an address that is in use, which may be the running drover's", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { settings } = loadSettings({ flags: { listen: `127.0.0.1:${port}` }, environment: {} });
  await checkPublicAddresses(settings, { mayBeTaken: true });
  await assert.rejects(checkPublicAddresses(settings, { mayBeTaken: false }), /the address is in use/);
  server.close();
});

/** How much memory is free changes from one to the other. */
function wordsOf(text: string): string {
  return text.replaceAll(/[\d.]+/g, "N");
}

/** What the command itself does with these flags, without the start of a process. */
async function refusalOf(flags: Readonly<Record<string, string>>): Promise<Error> {
  try {
    const { settings } = loadSettings({ flags, environment: {} });
    await checkSettings(settings, process.env);
    await checkPublicAddresses(settings, { mayBeTaken: true });
  } catch (error) {
    if (error instanceof ConfigError || error instanceof SupervisorError || error instanceof ModelError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(flags)} is accepted`);
}

function check(...flags: readonly string[]) {
  return execa(drover, ["check", ...flags], { env: { DROVER_SLTOS: "3" }, reject: false });
}
