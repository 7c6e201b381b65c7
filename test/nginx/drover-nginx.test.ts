import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { renameSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { afterEach, beforeEach, describe, it } from "node:test";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";
import { NginxFolder } from "./nginx-process.ts";
import { ok, type Script, ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

interface Got {
  readonly status: number;
  readonly body: string;
}

function fetchFrom(port: number, path = "/", agent?: http.Agent, headers = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: "127.0.0.1", port, path, headers, agent: agent ?? false }, (response) => {
        let body = "";
        response.on("data", (part: Buffer) => (body += part.toString()));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", reject);
      })
      .on("error", reject);
  });
}

function listens(port: number, path = "/"): Promise<boolean> {
  return fetchFrom(port, path).then(
    () => true,
    () => false,
  );
}

describe("drover-nginx", () => {
  let folder: NginxFolder;
  let port: number;
  const serving = (text: string): string => `server { listen 127.0.0.1:${port}; location / { return 200 "${text}"; } }`;

  beforeEach(async () => {
    folder = new NginxFolder();
    port = await freePort();
  });
  const upstreams: ScriptedUpstream[] = [];
  const startUpstream = async (script: Script): Promise<readonly [upstream: ScriptedUpstream, port: number]> => {
    const upstream = new ScriptedUpstream("a", script);
    upstreams.push(upstream);
    return [upstream, await upstream.listen()];
  };
  afterEach(async () => {
    await folder.close();
    for (const upstream of upstreams.splice(0)) await upstream.close();
  });

  it("goes to the background once it listens, and obeys -s reload, reopen and quit by its pid file", async () => {
    folder.configure(serving("one"));
    const started = folder.run();
    assert.deepEqual(started, { code: 0, stdout: "", stderr: "" });
    const { pid } = folder;
    assert.ok(pid !== undefined, "a pid file names a living process");
    assert.equal((await fetchFrom(port)).body, "one");

    folder.configure(serving("two"));
    assert.equal(folder.run("-s", "reload").code, 0);
    await until(async () => (await fetchFrom(port)).body === "two", "the new configuration");
    assert.equal(folder.pid, pid, "it is the same process");

    renameSync(folder.path("access.log"), folder.path("access.old"));
    assert.equal(folder.run("-s", "reopen").code, 0);
    await until(() => folder.text("error.log").includes("logs reopened"), "the logs are opened again");
    await fetchFrom(port, "/after");
    await until(() => folder.text("access.log").includes("GET /after"), "a line in the new file");
    assert.doesNotMatch(folder.text("access.old"), /after/);

    assert.equal(folder.run("-s", "quit").code, 0);
    await until(
      () => folder.pid === undefined && folder.text("nginx.pid") === "",
      "it ends and takes its pid file away",
    );
  });

  it("drops no request when it is told to reload again and again", async () => {
    const [, upstreamPort] = await startUpstream(() => ({ ...ok("a"), afterMs: 15 }));
    const conf = `upstream u { least_conn; server 127.0.0.1:${upstreamPort}; }
      server { listen 127.0.0.1:${port}; location / { proxy_pass http://u; } }`;
    folder.configure(conf);
    const child = folder.start();
    await until(() => listens(port), "it listens");
    const end = new AbortController();
    const statuses: number[] = [];
    const client = async (agent: http.Agent | undefined): Promise<void> => {
      while (!end.signal.aborted) statuses.push((await fetchFrom(port, "/", agent)).status);
    };
    const kept = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const clients = [
      ...Array.from({ length: 4 }, () => client(kept)),
      ...Array.from({ length: 4 }, () => client(undefined)),
    ];
    for (let count = 1; count <= 5; count += 1) {
      child.kill("SIGHUP");
      await until(() => folder.text("error.log").split("reconfigured").length > count, `reload ${count}`);
      const before = statuses.length;
      await until(() => statuses.length >= before + 20, "requests under the new configuration");
    }
    end.abort();
    await Promise.all(clients);
    kept.destroy();
    assert.deepEqual(new Set(statuses), new Set([200]));
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  it("ends when it is told to, though the reader of its log has stopped", async () => {
    folder.configure(`access_log /dev/stderr; ${serving("one")}`);
    // Nobody reads what it writes there.
    const child = folder.start();
    await until(() => listens(port), "it listens");
    for (let count = 0; count < 100; count += 1) await fetchFrom(port, `/${"x".repeat(7000)}`);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  it("takes on large_client_header_buffers by a reload, where clients connect anew", async () => {
    folder.configure(`large_client_header_buffers 4 8k; ${serving("taken")}`);
    const child = folder.start();
    await until(() => listens(port), "it listens");
    const cookie = { cookie: "c".repeat(40_000) };
    const status = (): Promise<number> => fetchFrom(port, "/", undefined, cookie).then((got) => got.status);
    assert.equal(await status(), 400);
    folder.configure(`large_client_header_buffers 2 64k; ${serving("taken")}`);
    child.kill("SIGHUP");
    await until(async () => (await status()) === 200, "larger ones");
    folder.configure(`large_client_header_buffers 4 1k; ${serving("taken")}`);
    child.kill("SIGHUP");
    await until(async () => (await status()) === 400, "smaller ones");
  });

  it("has the port that a request names in $request_port", async () => {
    folder.configure(serving("$host$is_request_port$request_port"));
    folder.start();
    await until(() => listens(port), "it listens");
    for (const [path, host, seen] of [
      ["/", "a.test:81", "a.test:81"],
      ["/", "[::1]:82", "[::1]:82"],
      ["/", "[::1]", "[::1]"],
      ["http://b.test:83/", "a.test:81", "b.test:83"],
      ["http://b.test/", "a.test:81", "b.test"],
    ] as const) {
      assert.equal((await fetchFrom(port, path, undefined, { host })).body, seen, `${path} ${host}`);
    }
  });

  it("passes each event of a compressed stream on as it comes", async () => {
    const [, upstreamPort] = await startUpstream(() => ({
      kind: "send",
      text: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n",
    }));
    folder.configure(`gzip on; gzip_types text/event-stream;
      server { listen 127.0.0.1:${port}; location /up { return 200; } location / { proxy_pass http://127.0.0.1:${upstreamPort}; } }`);
    folder.start();
    await until(() => listens(port, "/up"), "it listens");
    const request = http.get({ port, host: "127.0.0.1", headers: { "accept-encoding": "gzip" }, agent: false });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    assert.equal(response.headers["content-encoding"], "gzip");
    // The stream goes on for ever: its end is not waited for.
    const [bytes] = (await once(response.pipe(createGunzip()), "data")) as [Buffer];
    assert.equal(bytes.toString(), "data: one\n\n");
    request.destroy();
  });

  it("keeps the old configuration when the new one is wrong, and says why", async () => {
    folder.configure(serving("old"));
    const child = folder.start();
    await until(() => listens(port), "it listens");
    folder.configure("server { listen nonsense:; }");
    child.kill("SIGHUP");
    await until(() => folder.text("error.log").includes("[emerg]"), "an error in the log");
    assert.match(
      folder.text("error.log"),
      /\[emerg\] \d+#0: invalid port in "nonsense:" of the "listen" directive in .*nginx\.conf:4/,
    );
    assert.equal((await fetchFrom(port)).body, "old");
  });

  it("opens and closes sockets on reload as the configuration says", async () => {
    const other = await freePort();
    folder.configure(serving("one"));
    const child = folder.start();
    await until(() => listens(port), "it listens");
    const first = port;
    port = other;
    folder.configure(serving("two"));
    child.kill("SIGHUP");
    await until(() => listens(other), "the new socket");
    await until(async () => !(await listens(first)), "the old one closes");
  });

  it("ends gracefully on QUIT: what runs is answered, nothing new is taken", async () => {
    const [upstream, upstreamPort] = await startUpstream(() => ({ ...ok("slow"), held: true }));
    folder.configure(
      `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstreamPort}; } location /up { return 204; } }`,
    );
    const child = folder.start();
    await until(
      () =>
        fetchFrom(port, "/up").then(
          () => true,
          () => false,
        ),
      "it listens",
    );
    const running = fetchFrom(port, "/slow");
    await until(() => upstream.seen.length === 1, "the request is under way");
    child.kill("SIGQUIT");
    await until(async () => !(await listens(port, "/up")), "the socket closes");
    upstream.release();
    assert.deepEqual(await running, { status: 200, body: "slow" });
    if (child.exitCode === null) await once(child, "exit");
    assert.equal(child.exitCode, 0);
  });

  it("cuts what is left after worker_shutdown_timeout", async () => {
    const [upstream, upstreamPort] = await startUpstream(() => ({ kind: "silence" }));
    folder.configure(
      `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstreamPort}; } location /up { return 204; } }`,
      "worker_shutdown_timeout 300ms;",
    );
    const child = folder.start();
    await until(
      () =>
        fetchFrom(port, "/up").then(
          () => true,
          () => false,
        ),
      "it listens",
    );
    const running = fetchFrom(port).catch((error: Error) => error);
    await until(() => upstream.seen.length === 1, "the request is under way");
    child.kill("SIGQUIT");
    await once(child, "exit");
    assert.ok((await running) instanceof Error);
  });

  it("says in nginx's words that an address is in use, and ends with 1", async () => {
    const taken = net.createServer().listen(port, "127.0.0.1");
    await once(taken, "listening");
    folder.configure(serving("x"));
    const { code, stderr } = folder.run();
    taken.close();
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`^nginx: \\[emerg\\] bind\\(\\) to 127.0.0.1:${port} failed \\(98: Address already in use\\)\n`),
    );
    assert.match(stderr, /nginx: \[emerg\] still could not bind\(\)\n$/);
  });

  it("speaks HTTP/1.1 over kept connections to upstreams, as nginx does since 1.29.7", async () => {
    const [upstream, upstreamPort] = await startUpstream(({ connection }) => ok(String(connection)));
    folder.configure(
      `upstream u { server 127.0.0.1:${upstreamPort}; } server { listen 127.0.0.1:${port}; location / { proxy_pass http://u; } }`,
    );
    folder.start();
    await until(() => listens(port), "it listens");
    await fetchFrom(port, "/again");
    const [first, second] = upstream.seen;
    assert.deepEqual([first?.connection, second?.connection], [1, 1]);
    assert.equal(second?.line, "GET /again HTTP/1.1");
    assert.deepEqual(second.fields, ["Host: u"]);
  });

  it("refuses what it cannot honour by file and line, in a test and at the start", () => {
    folder.configure(`${serving("x")}\nproxy_cache_path /tmp/c keys_zone=c:1m;`);
    const message = `${folder.path("nginx.conf")}:5: directive "proxy_cache_path" is not supported: responses are not cached\n`;
    assert.deepEqual(folder.run(), { code: 1, stdout: "", stderr: `nginx: [emerg] ${message}` });
    assert.deepEqual(folder.run("-t"), {
      code: 1,
      stdout: "",
      stderr: `nginx: [emerg] ${message}nginx: configuration file ${folder.path("nginx.conf")} test failed\n`,
    });
  });

  it("tests and dumps a configuration, and lists what makes no difference", () => {
    folder.configure(`sendfile on; ${serving("x")}`, "worker_processes 4;");
    const conf = folder.path("nginx.conf");
    const { code, stdout, stderr } = folder.run("-T");
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`# configuration file ${conf}:\npid `), stdout);
    assert.match(stderr, new RegExp(`^nginx: the configuration file ${conf} syntax is ok\n`));
    assert.match(stderr, new RegExp(`nginx: configuration file ${conf} test is successful\n$`));
    assert.match(stderr, /"worker_processes" makes no difference/);
    assert.match(stderr, /"sendfile" makes no difference/);
    assert.deepEqual(folder.run("-tq"), { code: 0, stdout: "", stderr: "" });
  });

  it("prints its version in nginx's form, with the modules that are not there", () => {
    assert.match(folder.run("-v").stderr, /^nginx version: drover\/\d+\.\d+\.\d+\n$/);
    const { stderr } = folder.run("-V");
    assert.match(
      stderr,
      /^nginx version: drover\/\S+\nbuilt by .*\nbuilt with OpenSSL .*\nTLS SNI support enabled\nconfigure arguments: --prefix=/,
    );
    assert.match(stderr, / --without-http_ssi_module /);
    assert.doesNotMatch(
      stderr,
      /--without-http_(?:proxy|gzip_module|access_module|ssl|log|upstream_(?:hash|ip_hash|least_conn|random|keepalive))/,
    );
  });
});
