import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ConfigError } from "./errors.ts";
import { defaultSettings, type LoadOptions, loadSettings } from "./load.ts";

const folder = mkdtempSync(join(tmpdir(), "drover-config-"));
const file = join(folder, "drover.yaml");
after(() => rmSync(folder, { recursive: true }));

describe("loadSettings", () => {
  it("takes a flag before the environment, the environment before the file, and the file before the default", () => {
    const text = "workers: { slots: 2, threads: 2, context: 128 }\n";
    const flags = { slots: "8" };
    const environment = { DROVER_SLOTS: "4", DROVER_THREADS: "4" };
    const { settings, sources } = load(text, { flags, environment });
    assert.deepEqual(
      [settings.workers.slots, settings.workers.threads, settings.workers.context, settings.workers.batch],
      [8, 4, 128, 512],
    );
    assert.deepEqual(
      (["workers.slots", "workers.threads", "workers.context", "workers.batch"] as const).map((path) =>
        sources.get(path),
      ),
      ["flag", "environment", "file", "default"],
    );
  });

  it("takes the last of a flag that was given several times, and all of a list", () => {
    const { settings } = load("", { flags: { slots: ["2", "4"], "api-key": ["a", "b"] } });
    assert.equal(settings.workers.slots, 4);
    assert.deepEqual(settings.apiKeys, ["a", "b"]);
  });

  it("refuses an empty key rather than be open to all, by flag and by file", () => {
    const said =
      '"apiKeys" is a string, but must be one or more keys, none of them empty (leave it out to be open to all)';
    assert.throws(() => load("", { flags: { "api-key": "" } }), { message: `--api-key: ${said}` });
    assert.throws(() => load("", { flags: { "api-key": ["team=s3cret", ""] } }), /none of them empty/);
    assert.throws(() => load("apiKeys: ['']\n"), /none of them empty/);
  });

  it("says of a folder that it is one", () => {
    const file = { flags: {}, environment: {}, file: "/tmp" };
    assert.throws(() => loadSettings(file), { message: "/tmp: the configuration can't be read: it is a folder" });
  });

  it("yields every setting, converted: durations in milliseconds, sizes in bytes", () => {
    const settings = defaultSettings();
    assert.equal(settings.supervision.livenessTimeout, 10_000);
    assert.equal(settings.maxBody, 10 * 2 ** 20);
    assert.deepEqual(settings.apiKeys, []);
    assert.equal(settings.workers.command, undefined);
    assert.ok("command" in settings.workers);
  });

  it("takes an exported key that is empty for a mistake, because without a key everybody is served", () => {
    assert.match(problems("", { environment: { DROVER_API_KEY: "" } }).join(), /DROVER_API_KEY.*none of them empty/);
  });

  it("counts an empty variable, a key without a value and a group without settings as not given", () => {
    const { settings } = load("model:\nworkers:\nqueue:\n  # limit: 5\n", { environment: { DROVER_SLOTS: "" } });
    assert.deepEqual(settings, defaultSettings());
  });

  it("reads a setting by the name that it had in an earlier version, and lets the present one win", () => {
    const former = { DROVER_ITL_TARGET_MS: "3s" };
    assert.equal(load("workers: { itlTarget: 2s }\n").settings.workers.longestPause, 2000);
    assert.equal(load("workers: { itlTarget: 2s }\n", { environment: former }).settings.workers.longestPause, 3000);
    assert.equal(
      load("", { environment: former, flags: { "itl-target-ms": "4s" } }).settings.workers.longestPause,
      4000,
    );
    assert.equal(load("workers: { itlTarget: 2s, longestPause: 1s }\n").settings.workers.longestPause, 1000);
    assert.deepEqual(load("", { environment: former }).warnings, []);
  });

  it("follows YAML's anchors and aliases", () => {
    const { settings } = load("queue: { timeout: &t 7s }\nsupervision: { grace: *t }\n");
    assert.equal(settings.supervision.grace, 7_000);
  });

  it("names file, line, key and what is allowed, for every problem at once", () => {
    assert.deepEqual(problems("model: demo\nworkers:\n  slots: many\n\nqueue:\n  limit: -1\nlisten: here\n"), [
      `${file}:3: "workers.slots" is "many", but must be "auto" or a whole number of at least 1`,
      `${file}:7: "listen" is "here", but must be HOST:PORT, [IPV6]:PORT, PORT or unix:/path (several with commas), such as 127.0.0.1:8080`,
      `${file}:6: "queue.limit" is -1, but must be a whole number of at least 0`,
    ]);
  });

  it("names the flag or variable that a wrong value came from", () => {
    assert.deepEqual(problems("", { flags: { threads: "x" }, environment: { DROVER_QUEUE_TIMEOUT: "soon" } }), [
      '--threads: "workers.threads" is "x", but must be "auto" or a whole number of at least 1',
      'DROVER_QUEUE_TIMEOUT: "queue.timeout" is "soon", but must be a duration such as 500ms, 10s or 5m, at most 24d',
    ]);
  });

  it("guesses the key that was meant: a slip, a setting of another group, or a flag's name", () => {
    assert.deepEqual(problems("modle: demo\nslots: 4\nworkers:\n  ctx: 64\n  slot: 4\n  zzzzzzz: 1\n"), [
      `${file}:1: unknown key "modle"; did you mean "model"?`,
      `${file}:2: unknown key "slots"; did you mean "workers.slots"?`,
      `${file}:4: unknown key "workers.ctx"; did you mean "workers.context"?`,
      `${file}:5: unknown key "workers.slot"; did you mean "workers.slots"?`,
      `${file}:6: unknown key "workers.zzzzzzz"; known here: count, threads, slots, context, firstPort, command, pin, elastic, longestPause, batch, flashAttention, kvType, readAhead, speculate, snapshots, embeddings`,
    ]);
  });

  it("refuses a value where a group belongs, a text that is no YAML, a key given twice, and a list as a file", () => {
    assert.match(problems("workers: 4\n")[0] ?? "", /:1: "workers" is a group of settings: count, threads/);
    assert.match(problems("model: [\n")[0] ?? "", /:\d: not valid YAML: /);
    for (const nested of ["[", "{", "- "])
      assert.match(problems(`a: ${nested.repeat(20_000)}`)[0] ?? "", /nested deeper than 64 levels/);
    assert.match(problems("model: a\nmodel: b\n")[0] ?? "", /:2: not valid YAML: Map keys must be unique/);
    assert.match(problems("- model\n")[0] ?? "", /:1: expected settings such as/);
  });

  it("says that a file is missing", () => {
    assert.throws(() => loadSettings({ flags: {}, environment: {}, file: "/nowhere/drover.yaml" }), {
      code: "config_invalid",
      message: "/nowhere/drover.yaml: the configuration can't be read: there is no such file",
    });
  });

  it("never repeats a secret in a message", () => {
    assert.deepEqual(problems("apiKeys: 123456\n"), [`${file}:1: "apiKeys" is a number, but must be a list of texts`]);
  });

  it("refuses a range of workers that falls or starts at none", () => {
    assert.equal(load("workers: { count: 1..4 }\n").settings.workers.count, "1..4");
    for (const range of ["4..1", "0..2", "1..", "1..9999"])
      assert.equal(problems(`workers: { count: ${range} }`).length, 1);
  });
});

describe("environment variables that no setting has", () => {
  it("are reported with the nearest known name, and refuse the start under strict", () => {
    const environment = { DROVER_SLOT: "4", DROVER_FOO_BAR_BAZ: "1", HOME: "/root" };
    assert.deepEqual(load("", { environment }).warnings, [
      "DROVER_FOO_BAR_BAZ: no setting has this environment variable; see docs/configuration.md",
      "DROVER_SLOT: no setting has this environment variable; did you mean DROVER_SLOTS?",
    ]);
    assert.equal(problems("strict: true", { environment }).length, 2);
  });

  it("are left alone when Drover itself, Kubernetes or Docker sets them", () => {
    const environment = {
      DROVER_CONFIG: "drover.yaml",
      DROVER_SERVICE_HOST: "10.0.0.1",
      DROVER_SERVICE_PORT_HTTP: "8080",
      DROVER_PORT: "tcp://10.0.0.1:8080",
      DROVER_PORT_8080_TCP_ADDR: "10.0.0.1",
    };
    assert.deepEqual(load("", { environment }).warnings, []);
  });
});

function load(text: string, options: Partial<LoadOptions> = {}) {
  writeFileSync(file, text);
  return loadSettings({ flags: {}, environment: {}, file, ...options });
}

/** The problems, one line each. */
function problems(text: string, options: Partial<LoadOptions> = {}): readonly string[] {
  try {
    load(text, options);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return assert.fail("the configuration was accepted");
}
