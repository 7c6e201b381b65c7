import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadSettings } from "@drover/config";
import {
  curlArguments,
  prefersChinese,
  programName,
  realModelHint,
  type Welcome,
  welcomeOf,
  welcomeText,
} from "./welcome.ts";

const welcome: Welcome = {
  address: "127.0.0.1",
  port: 8080,
  isTls: false,
  serves: "demo",
  hasKeys: false,
  program: "drover",
};

describe("the welcome", () => {
  it("names the program as the user can call it: by pnpm start, in a clone, or from the PATH", () => {
    const program = programName({ npm_lifecycle_event: "start" }, () => true);
    assert.match(welcomeText({ ...welcome, program }), /^  \.\/node_modules\/\.bin\/drover up --model FILE\.gguf$/m);
    assert.match(realModelHint({ ...welcome, program }).realModel ?? "", /^\.\/node_modules\/\.bin\/drover up/);
    const path = { PATH: "/bin:/opt/bin" };
    assert.equal(
      programName(path, (file) => file === "./node_modules/.bin/drover"),
      "./node_modules/.bin/drover",
    );
    assert.equal(
      programName(path, (file) => file !== "/bin/drover"),
      "drover",
    );
    assert.equal(
      programName(path, () => false),
      "drover",
    );
  });

  it("fits a terminal of 80 columns, with a command line that can be copied as it is", () => {
    const text = welcomeText({ ...welcome, isTls: true, hasKeys: true });
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(text, /^ {2}curl -N https:\/\/127\.0\.0\.1:8080\/v1\/chat\/completions \\\n {4}-H /mu);
    assert.match(text, / {4}-H 'authorization: Bearer YOUR_KEY' \\\n/u);
  });

  it("gives an address that can be connected to where every interface is listened on", () => {
    assert.match(welcomeText({ ...welcome, address: "0.0.0.0" }), /serves on http:\/\/0\.0\.0\.0:8080$/mu);
    assert.match(curlArguments({ ...welcome, address: "0.0.0.0" })[0] ?? "", /http:\/\/127\.0\.0\.1:8080\//u);
    assert.match(curlArguments({ ...welcome, address: "::" })[0] ?? "", /http:\/\/\[::1\]:8080\//u);
    const socket = curlArguments({ ...welcome, address: "/run/d.sock", port: 0 })[0];
    assert.equal(socket, "curl -N --unix-socket /run/d.sock http://localhost/v1/chat/completions");
  });

  it("knows of keys in a file, of TLS and of a command from the settings", () => {
    assert.deepEqual(factsOf({}), [false, "demo", false]);
    assert.deepEqual(factsOf({ "tls-certificate": "c.pem", "tls-key": "k.pem", model: "m.gguf" }), [
      true,
      "model",
      false,
    ]);
    assert.deepEqual(factsOf({ "worker-command": "serve {port}", "api-keys-file": "keys" }), [false, "command", true]);
  });

  it("speaks Chinese where the locale does, by the first variable that is set, in as many columns", () => {
    const text = welcomeText({ ...welcome, hasKeys: true }, true);
    assert.match(text, /^ {2}Drover 已就绪： http:\/\/127\.0\.0\.1:8080$/mu);
    assert.match(text, /演示模型/u);
    for (const line of text.split("\n")) {
      const wide = line.match(/[\p{Script=Han}，。：（）]/gu)?.length ?? 0;
      assert.ok(line.length + wide <= 80, line);
    }
    assert.ok(prefersChinese({ LANG: "zh_CN.UTF-8" }));
    assert.ok(prefersChinese({ LC_ALL: "", LC_MESSAGES: "zh", LANG: "C" }));
    assert.ok(!prefersChinese({ LC_ALL: "C.UTF-8", LANG: "zh_CN.UTF-8" }));
    assert.ok(!prefersChinese({ LANG: "zhuang" }));
    assert.ok(!prefersChinese({}));
  });

  it("says that a browser has a page there, where one can get to it", () => {
    assert.match(welcomeText(welcome), /Open it in a browser/u);
    assert.doesNotMatch(welcomeText({ ...welcome, address: "/run/d.sock", port: 0 }), /browser/u);
  });

  it("says nothing of the demo model where a command of the user's serves", () => {
    const text = welcomeText({ ...welcome, serves: "command" });
    assert.match(text, /serves on/u);
    assert.doesNotMatch(text, /demo|curl|browser/u);
    assert.deepEqual(realModelHint({ ...welcome, serves: "model" }), {});
  });
});

function factsOf(flags: Readonly<Record<string, unknown>>) {
  const { settings } = loadSettings({ flags, environment: {}, file: undefined });
  const { isTls, serves, hasKeys } = welcomeOf(settings, welcome, "drover");
  return [isTls, serves, hasKeys];
}
