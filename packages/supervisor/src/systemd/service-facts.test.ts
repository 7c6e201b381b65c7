import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, describe, it } from "node:test";
import { loadSettings } from "@drover/config";
import { serviceFacts } from "./service-facts.ts";
import { renderServiceUnit, renderSocketUnit } from "./unit-files.ts";

const folder = mkdtempSync(join(tmpdir(), "drover-service-"));
after(() => rmSync(folder, { recursive: true }));

describe("the unit files", () => {
  it("start Drover with what was typed, paths made whole and words quoted as systemd reads them", () => {
    const unit = service({ model: "models/my model.gguf", slots: "4", pin: false, policy: "prefix" });
    assert.equal(
      line(unit, "ExecStart="),
      'ExecStart=/usr/bin/node /opt/drover/packages/cli/bin/drover.js up --admin-socket %t/drover/admin.sock --model "/srv/models/my model.gguf" --slots 4 --no-pin --policy prefix',
    );
    assert.match(line(service({ model: "/m/50%$x.gguf" }), "ExecStart="), /--model \/m\/50%%\$\$x\.gguf$/);
  });

  it("name a program that is there", () => {
    const root = fileURLToPath(new URL("../../../..", import.meta.url));
    const { program } = facts({}, undefined, root);
    assert.ok(existsSync(program[1] ?? ""), program[1]);
  });

  it("let the service read keys and certificates, by their whole paths", () => {
    const typed = { "api-keys-file": "keys.txt", "tls-certificate": "/home/me/c.pem", "tls-key": "/home/me/k.pem" };
    const found = facts(typed);
    assert.deepEqual(found.files, ["/srv/keys.txt", "/home/me/c.pem", "/home/me/k.pem"]);
    assert.match(found.flags.join(" "), /--api-keys-file \/srv\/keys\.txt --tls-certificate \/home\/me\/c\.pem/);
    assert.equal(line(service(typed), "BindReadOnlyPaths="), "BindReadOnlyPaths=/home/me/c.pem");
    assert.throws(() => facts({}, "tls: { certificate: c.pem, key: /k.pem }\n"), /"tls\.certificate" is "c\.pem"/);
  });

  it("give the service its settings file by its whole path", () => {
    const unit = service({}, "workers: { slots: 4 }\n");
    assert.match(line(unit, "ExecStart="), new RegExp(` --config ${folder}/drover.yaml$`));
  });

  it("reload through the command that waits for the result", () => {
    assert.match(line(service({}), "ExecReload="), / reload --admin-socket %t\/drover\/admin\.sock$/);
  });

  it("let the stop take as long as the drain and the grace of the settings", () => {
    assert.equal(line(service({ "drain-timeout": "5m" }), "TimeoutStopSec="), "TimeoutStopSec=320s");
  });

  it("listen where the settings say", () => {
    assert.equal(stream("0.0.0.0:80"), "ListenStream=0.0.0.0:80");
    assert.equal(stream("localhost:8080"), "ListenStream=127.0.0.1:8080");
    assert.equal(stream(":8080"), "ListenStream=0.0.0.0:8080");
    assert.equal(stream("8080"), "ListenStream=0.0.0.0:8080");
    assert.deepEqual(facts({ listen: "10.0.0.1:80,unix:/a" }).listen, ["10.0.0.1:80", "/a"]);
    assert.equal(stream("[::1]:8080"), "ListenStream=[::1]:8080");
    assert.equal(stream("unix:/run/drover.sock"), "ListenStream=/run/drover.sock");
  });

  it("hide home folders, but for what the service reads there", () => {
    assert.equal(line(service({}), "ProtectHome="), "ProtectHome=yes");
    const unit = service({ model: "/home/me/models/m.gguf" });
    assert.equal(line(unit, "ProtectHome="), "ProtectHome=tmpfs");
    assert.equal(line(unit, "BindReadOnlyPaths="), "BindReadOnlyPaths=/home/me/models");
    assert.equal(
      line(service({ model: "/root/my m.gguf" }), "BindReadOnlyPaths="),
      "BindReadOnlyPaths=/root/my\\ m.gguf",
    );
  });

  it("run without root: as an account of systemd's own, as the one named, or as the user", () => {
    assert.match(service({}), /^DynamicUser=yes$/m);
    const named = renderServiceUnit({ ...facts({}), account: "llm" });
    assert.match(named, /^User=llm$/m);
    assert.doesNotMatch(named, /DynamicUser/);
    assert.doesNotMatch(renderServiceUnit({ ...facts({}), scope: "user" }), /User=|Protect/);
  });

  it("refuse what a service cannot do, and say what to do instead", () => {
    assert.throws(() => facts({ "api-key": "secret" }), { code: "usage", message: /use apiKeysFile instead/ });
    assert.throws(() => facts({ listen: "example.com:80" }), { code: "usage", message: /give an IP address/ });
    assert.throws(() => facts({ listen: "127.0.0.1:0" }), { code: "usage", message: /give an IP address/ });
    assert.throws(() => facts({}, "model: m.gguf\n"), { code: "usage", message: /write the full path/ });
  });
});

function service(typed: Readonly<Record<string, unknown>>, text?: string): string {
  return renderServiceUnit(facts(typed, text));
}

function facts(typed: Readonly<Record<string, unknown>>, text?: string, root = "/opt/drover") {
  const file = text === undefined ? undefined : join(folder, "drover.yaml");
  if (file !== undefined && text !== undefined) writeFileSync(file, text);
  return serviceFacts({
    scope: "system",
    account: undefined,
    loaded: loadSettings({ flags: typed, environment: {}, file }),
    typed,
    workingFolder: "/srv",
    node: "/usr/bin/node",
    root,
  });
}

function stream(listen: string): string {
  return line(renderSocketUnit(facts({ listen })), "ListenStream=");
}

function line(unit: string, start: string): string {
  return unit.split("\n").find((candidate) => candidate.startsWith(start)) ?? assert.fail(`no ${start} in\n${unit}`);
}
