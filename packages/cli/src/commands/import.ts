import { messageOf } from "@drover/foundation/error-text";
import { writeFileSync } from "node:fs";
import { SupervisorError } from "@drover/supervisor/errors";
import type { Command, NamedCommand } from "../line/command.ts";

const nginx: NamedCommand = {
  usage: "nginx <file>",
  summary: "Write the drover.yaml that does what an nginx configuration does",
  arguments: { file: { doc: "nginx.conf, or a file of conf.d" } },
  flags: {
    command: { type: "text", doc: "Start the servers as workers: `python app.py --port {port} --n_threads {threads}`" },
    "allow-loss": {
      type: "switch",
      doc: "Write the file even if lines that guard access, TLS or routing, or that are unknown, have no equal in it; they become comments",
    },
    output: {
      type: "text",
      alias: "o",
      doc: "Write to this file, which must not exist, rather than to standard output",
    },
  },
  examples: [
    ["drover import nginx /etc/nginx/nginx.conf -o drover.yaml", "go on with Drover's own configuration"],
    [
      'drover import nginx llm.conf --command "python app.py --port {port} --n_threads {threads}"',
      "and let Drover start the servers",
    ],
  ],
  run: async (invocation) => {
    const { loadWhatCanBe, NginxError, toDroverYaml } = await import("@drover/nginx");
    const source = invocation.text("file") ?? "";
    const command = invocation.text("command");
    let text: string;
    try {
      const loaded = loadWhatCanBe({ path: source, form: "part" });
      const allowLoss = invocation.isOn("allow-loss");
      text = toDroverYaml(loaded, { source, allowLoss, ...(command === undefined ? {} : { command }) });
    } catch (error) {
      throw error instanceof NginxError ? new SupervisorError("usage", error.message) : error;
    }
    const output = invocation.text("output");
    if (output === undefined) invocation.stdout.write(text);
    else {
      write(output, text);
      const run = command === undefined ? "balance" : "up";
      invocation.stderr.write(`Wrote ${output}. Look at its comments, then: drover ${run} --config ${output}\n`);
    }
    return 0;
  },
};

export const importing: Command = {
  subcommands: [nginx],
};

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    const reason = isThere ? "it is there already and is kept; give another name with -o" : messageOf(error);
    throw new SupervisorError("usage", `can't write ${path}: ${reason}`);
  }
}
