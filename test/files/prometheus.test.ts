import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { testCertificates } from "@drover/balancer/test-support/certificates";
import { writeDemoModel } from "@drover/models";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { needs } from "../support/needs.ts";
import { signalIfThere } from "../support/processes.ts";
import { until } from "../support/until.ts";

const files = new URL("../../../config/files/", import.meta.url).pathname;
const KEY = "prometheus-and-the-team";
/** Long enough to be broken off. */
const TEXT = {
  thought: "\nCounting.\n",
  answer: `\n\n${Array.from({ length: 1600 }, (_, index) => `cow${index}`).join(" ")}`,
};

interface Sample {
  readonly value: readonly [time: number, value: string];
}

describe(
  "Debian's Prometheus on a running Drover with a load, an error, a restart and a resume",
  needs("prometheus", "promtool"),
  () => {
    const pasture = new Pasture();
    let drover: Drover;
    let url: string;
    let prometheus: ChildProcess;
    let queries: string;
    before(async () => {
      const tls = { certificate: join(pasture.folder, "cert.pem"), key: join(pasture.folder, "key.pem") };
      writeFileSync(tls.certificate, testCertificates.a.certificate);
      writeFileSync(tls.key, testCertificates.a.key);
      const model = join(pasture.folder, "long.gguf");
      await writeDemoModel(model, TEXT);
      const shape = ["--workers", "2", "--threads", "1", "--slots", "2", "--ctx", "4096", "--snapshots", "4MiB"];
      const front = [
        "--metrics-compat",
        "vllm",
        "--api-key",
        `team=${KEY}`,
        "--tls-certificate",
        tls.certificate,
        "--tls-key",
        tls.key,
      ];
      const environment = { DROVER_SUPERVISION_MAX_RESTARTS: "1000", DROVER_SUPERVISION_BACKOFF_LIMIT: "1s" };
      drover = pasture.up(["--model", model, ...shape, ...front, "--queue-timeout", "300ms"], environment);
      url = await drover.url();
      await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
      prometheus = startPrometheus(pasture.folder, url);
      queries = await addressOf(prometheus);
    });
    after(async () => {
      prometheus?.kill("SIGKILL");
      await pasture.close();
    });

    /** The head of the response to a request to Drover. */
    const ask = async (path: string, body?: object): Promise<IncomingMessage> => {
      const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
      const method = body === undefined ? "GET" : "POST";
      const request = https.request(`${url}${path}`, { method, headers, rejectUnauthorized: false, agent: false });
      request.end(body === undefined ? undefined : JSON.stringify(body));
      const [response] = (await once(request, "response")) as [IncomingMessage];
      return response;
    };

    const chat = (more: object) =>
      ask("/v1/chat/completions", {
        messages: [{ role: "user", content: "count the cattle" }],
        temperature: 0,
        ...more,
      });

    /** Finite values of a query; none while Prometheus itself still starts, which it says by 503. */
    const query = async (expression: string): Promise<readonly number[]> => {
      const response = await fetch(`${queries}/api/v1/query?query=${encodeURIComponent(expression)}`);
      if (response.status === 503) return [];
      const { data, error } = (await response.json()) as { data?: { result: readonly Sample[] }; error?: string };
      assert.equal(error, undefined, expression);
      return (data?.result ?? []).map(({ value }) => Number(value[1])).filter(Number.isFinite);
    };

    const grown = async (metric: string) => (await query(`sum(increase(${metric}[1m]))`))[0] ?? 0;

    const alertHealths = async (): Promise<readonly string[]> => {
      const { data } = (await (await fetch(`${queries}/api/v1/rules`)).json()) as {
        readonly data: { readonly groups: readonly { readonly rules: readonly { readonly health: string }[] }[] };
      };
      return data.groups.flatMap(({ rules }) => rules.map(({ health }) => health));
    };

    it("gets data for every query of every panel, and each alert is a valid one", async (t) => {
      await until(async () => (await query("up"))[0] === 1, "Prometheus has scraped Drover");
      await fail();
      await breakOff();
      const load = keepAsking(chat);
      t.after(load.stop);
      // The first of each is seen as a growth: they all began at 0.
      for (const metric of [
        'drover_requests_total{status="503"}',
        'drover_worker_restarts_total{reason="killed"}',
        "drover_resumed_streams_total",
      ])
        await until(async () => (await grown(metric)) > 0, `${metric} has grown`);
      const missing = new Set([
        ...panelQueries(),
        ...vllmHistograms.map((name) => `sum(increase(vllm:${name}_count{model_name!=""}[1m])) > 0`),
      ]);
      assert.ok(missing.size > 30);
      assert.deepEqual(complaints(await text(await ask("/metrics"))), [], "of promtool");
      await until(async () => {
        for (const expression of missing) if ((await query(expression)).length > 0) missing.delete(expression);
        return missing.size === 0;
      }, "data for every query").catch((error: Error) =>
        assert.fail(`${error.message}; without data:\n${[...missing].join("\n")}`),
      );
      await until(async () => (await alertHealths()).every((health) => health === "ok"), "each alert can be evaluated");
      assert.ok((await alertHealths()).length >= 8);
    });

    /** A request waits for a slot in vain. */
    async function fail(): Promise<void> {
      for (const worker of ["1", "2"]) await pasture.admin("POST", `/drain?worker=${worker}`);
      assert.equal((await chat({ max_tokens: 1 })).statusCode, 503);
      for (const worker of ["1", "2"]) await pasture.admin("POST", `/undrain?worker=${worker}`);
    }

    /** A worker is killed in the middle of a stream, which the other one resumes. */
    async function breakOff(): Promise<void> {
      await until(async () => {
        const stream = await chat({ max_tokens: 1500, ignore_eos: true, stream: true });
        const row = (await pasture.status()).find(({ id }) => id === stream.headers["x-drover-worker"]);
        if (typeof row?.pid === "number") signalIfThere(row.pid, "SIGKILL");
        await text(stream);
        const metrics = await text(await ask("/metrics"));
        await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
        return !/^drover_resumed_streams_total 0$/m.test(metrics);
      }, "a stream was resumed");
    }
  },
);

/** What vLLM's own dashboard and those of others ask for. */
const vllmHistograms = [
  ...["prompt_tokens", "generation_tokens", "params_max_tokens", "params_n"].map((size) => `request_${size}`),
  ...["queue", "prefill", "decode", "inference"].map((phase) => `request_${phase}_time_seconds`),
  ...["time_to_first_token", "inter_token_latency", "e2e_request_latency"].map((time) => `${time}_seconds`),
];

/** vLLM's names have colons, which promtool keeps for rules, and some gauges of prom-client end in `_total`. */
function complaints(metrics: string): readonly string[] {
  const { stderr } = spawnSync("promtool", ["check", "metrics"], { input: metrics, encoding: "utf8" });
  return stderr.split("\n").filter((line) => line !== "" && !/^(?:vllm:|nodejs_active_)/.test(line));
}

/** Streams and complete responses, one after the other; what becomes of each does not matter. */
function keepAsking(chat: (more: object) => Promise<IncomingMessage>) {
  const end = new AbortController();
  const asking = (async () => {
    for (let count = 0; !end.signal.aborted; count += 1)
      await chat({ max_tokens: 30, stream: count % 2 === 0 }).then(text, () => undefined);
  })();
  return {
    stop: async () => {
      end.abort();
      await asking;
    },
  };
}

function startPrometheus(folder: string, url: string): ChildProcess {
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    scrape_configs: [
      {
        job_name: "drover",
        scheme: "https",
        tls_config: { insecure_skip_verify: true },
        authorization: { credentials: KEY },
        static_configs: [{ targets: [new URL(url).host] }],
      },
    ],
    rule_files: [join(files, "prometheus/drover.rules.yml")],
  };
  const path = join(folder, "prometheus.json");
  writeFileSync(path, JSON.stringify(config));
  const storage = `--storage.tsdb.path=${join(folder, "prometheus")}`;
  const flags = [`--config.file=${path}`, storage, "--web.listen-address=127.0.0.1:0"];
  return spawn("prometheus", flags, { stdio: ["ignore", "ignore", "pipe"] });
}

/** Its own words say which port it was given. */
async function addressOf({ stderr }: ChildProcess): Promise<string> {
  const said: string[] = [];
  assert.ok(stderr);
  for await (const line of createInterface({ input: stderr })) {
    const [, address] = /msg="Listening on" address=(127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (address !== undefined) {
      stderr.resume();
      return `http://${address}`;
    }
    said.push(line);
  }
  throw new Error(`Prometheus ended: ${said.join("\n")}`);
}

function panelQueries(): readonly string[] {
  const { panels } = JSON.parse(readFileSync(join(files, "grafana/drover.json"), "utf8")) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  return panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "1m")),
  );
}
