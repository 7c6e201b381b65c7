import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { NginxFolder } from "../../nginx/nginx-process.ts";
import { DROVER_BIN } from "../../support/drover-process.ts";
import { freePort } from "../../support/ports.ts";
import { until } from "../../support/until.ts";

/** A process in front of a `drover up`, by whatever else of Drover serves HTTP. */
interface Front {
  readonly name: string;
  readonly url: string;
  readonly child: ChildProcess;
}

/** The balancer alone, and an nginx file. */
export class Fronts {
  readonly #nginx = new NginxFolder();
  #open: Front[] = [];

  /** @param url of the `drover up` */
  async open(url: string): Promise<readonly Front[]> {
    const ports = [await freePort(), await freePort()] as const;
    const [balance, nginx] = ports.map((port) => `127.0.0.1:${port}`);
    this.#nginx.configure(`server { listen ${nginx}; location / { proxy_pass ${url}; } }`);
    const words = ["balance", "--listen", `${balance}`, "--upstream", url];
    this.#open = [
      {
        name: "balance",
        url: `http://${balance}`,
        child: spawn(process.execPath, [DROVER_BIN, ...words], { stdio: "ignore" }),
      },
      { name: "nginx", url: `http://${nginx}`, child: this.#nginx.start() },
    ];
    for (const front of this.#open) await until(() => isServing(front), `${front.name} serves`);
    return this.#open;
  }

  /** Those that ended by themselves. */
  get gone(): readonly string[] {
    return this.#open.filter(({ child }) => hasEnded(child)).map(({ name }) => name);
  }

  async end(): Promise<void> {
    for (const { child } of this.#open.splice(0)) {
      if (hasEnded(child)) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await this.#nginx.close();
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function isServing({ name, url, child }: Front): Promise<boolean> {
  if (hasEnded(child)) throw new Error(`${name} ended as it started`);
  return await fetch(`${url}/health`).then(
    ({ status }) => status === 200,
    () => false,
  );
}
