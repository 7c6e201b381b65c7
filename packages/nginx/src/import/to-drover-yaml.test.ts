import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toDroverYaml } from "./to-drover-yaml.ts";
import { loadNginxConfig } from "../load.ts";

const conf = `upstream llm { least_conn; server 127.0.0.1:8081 weight=2; server 127.0.0.1:8082 backup; }
server { listen 80; server_name llm.test; client_max_body_size 8m;
  location / { proxy_pass http://llm; proxy_read_timeout 5m; add_header X-A b; }
  location /old/ { return 410; } }`;

function imported(text: string, command?: string): string {
  const files = { read: () => text, glob: () => [], resolve: (_: string, path: string) => path };
  const loaded = loadNginxConfig({ path: "/c/llm.conf", files, form: "part" });
  return toDroverYaml(loaded, { source: "/c/llm.conf", ...(command === undefined ? {} : { command }) });
}

describe("importing an nginx configuration", () => {
  it("writes what has an equal as settings", () => {
    const yaml = imported(conf);
    for (const line of [
      'listen: "0.0.0.0:80"',
      "maxBody: 8MiB",
      "  policy: least_conn",
      "  readTimeout: 300s",
      '    - "http://127.0.0.1:8081 weight=2"',
      '    - "http://127.0.0.1:8082 backup"',
    ]) {
      assert.ok(yaml.split("\n").includes(line), `${line} in\n${yaml}`);
    }
  });

  it("names what has no equal by its line", () => {
    const yaml = imported(conf);
    for (const line of [
      "# line 2: server_name llm.test",
      "# line 3: add_header X-A b",
      "# line 4: location /old/",
      "# line 4: return 410",
    ]) {
      assert.ok(yaml.split("\n").includes(line), `${line} in\n${yaml}`);
    }
  });

  it("turns the servers into workers when it is given a command, and offers it when not", () => {
    const yaml = imported(conf, "python app.py --port {port} --n_threads {threads}");
    assert.match(
      yaml,
      /^workers:\n {2}command: "python app.py --port \{port\} --n_threads \{threads\}"\n {2}count: 2\n {2}firstPort: 8081$/m,
    );
    assert.doesNotMatch(yaml, /upstreams:/);
    assert.match(imported(conf), /^# workers:$/m);
    assert.match(imported(conf.replace("8082", "9000"), "x"), /not on neighbouring ports/);
  });
});
