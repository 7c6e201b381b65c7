import type { Environment, Settings } from "@drover/config";
import { reachableAddress } from "@drover/foundation/network/addresses";
import { publicUrl } from "@drover/supervisor/application";

/** What a user wants to know once Drover serves. */
export interface Welcome {
  /** An IP address, or a socket's path. */
  readonly address: string;
  /** 0: a socket. */
  readonly port: number;
  readonly isTls: boolean;
  /** What is served: the demo, another model, or what a command of the user's serves. */
  readonly serves: "demo" | "model" | "command";
  readonly hasKeys: boolean;
  /** How the user calls drover. */
  readonly program: string;
}

const IN_CLONE = "./node_modules/.bin/drover";

/** After `pnpm start`, and in a clone, there is no `drover` in the user's PATH. `isFile` is asked about relative paths too. */
export function programName(environment: Environment, isFile: (path: string) => boolean): string {
  if (environment["npm_lifecycle_event"] === "start") return IN_CLONE;
  const folders = (environment["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  return !folders.some((folder) => isFile(`${folder}/drover`)) && isFile(IN_CLONE) ? IN_CLONE : "drover";
}

export function welcomeOf(
  { workers, model, tls, apiKeys, apiKeysFile }: Settings,
  listensOn: Pick<Welcome, "address" | "port">,
  program: string,
): Welcome {
  return {
    ...listensOn,
    isTls: tls.certificate !== undefined,
    serves: workers.command !== undefined ? "command" : model === "demo" ? "demo" : "model",
    hasKeys: apiKeys.length > 0 || apiKeysFile !== undefined,
    program,
  };
}

/** A command line to copy, in pieces of which each fits a line. */
export function curlArguments(welcome: Welcome): readonly string[] {
  const base =
    welcome.port === 0 ? "http://localhost" : publicUrl({ ...welcome, address: reachableAddress(welcome.address) });
  return [
    `curl -N ${welcome.port === 0 ? `--unix-socket ${welcome.address} ` : ""}${base}/v1/chat/completions`,
    "-H 'content-type: application/json'",
    ...(welcome.hasKeys ? ["-H 'authorization: Bearer YOUR_KEY'"] : []),
    `-d '{"messages":[{"role":"user","content":"Hello!"}],"stream":true}'`,
  ];
}

/** For a log line: how to leave the demo behind. */
export function realModelHint({ serves, program }: Welcome): { readonly realModel?: string } {
  return serves === "demo" ? { realModel: `${program} up --model FILE.gguf, or --model hf:ORG/REPO:Q4_K_M` } : {};
}

/** The lines that a terminal shows, in the user's language. */
export function welcomeText(welcome: Welcome, isChinese = false): string {
  const { serves, program } = welcome;
  const say = isChinese ? chinese : english;
  const lines = [
    "",
    `  ${say.serves} ${publicUrl(welcome)}`,
    ...(hasPage(welcome) ? [`  ${say.openIt}`] : []),
    ...(serves === "command" ? [] : [`  ${program} chat`, `  ${say.api}`]),
    "",
    ...(serves === "command" ? [] : [`  ${curlArguments(welcome).join(" \\\n    ")}`, ""]),
    ...(serves === "demo"
      ? [`  ${say.demo}`, `  ${program} up --model FILE.gguf`, `  ${program} up --model ${say.download}`, ""]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

const english = {
  serves: "Drover serves on",
  openIt: "Open it in a browser to chat, or chat in the terminal:",
  api: "By the OpenAI API:",
  demo: "This is the demo model. For a real one (see up --help):",
  download: "hf:ORG/REPO:Q4_K_M",
};

const chinese: typeof english = {
  serves: "Drover 已就绪：",
  openIt: "用浏览器打开即可对话，也可以在终端里对话：",
  api: "通过 OpenAI 接口调用：",
  demo: "现在运行的是演示模型。换成真实模型（详见 up --help）：",
  download: "ms:ORG/REPO:Q4_K_M",
};

/** A socket has no address for a browser, and a command of the user's no page of ours. */
function hasPage({ serves, port }: Welcome): boolean {
  return serves !== "command" && port !== 0;
}

/** Whether the user's messages are to be in Chinese: the first of POSIX's three variables that is set says so. */
export function prefersChinese(environment: Environment): boolean {
  const variables = ["LC_ALL", "LC_MESSAGES", "LANG"].map((name) => environment[name]);
  return /^zh(?:[_.@-]|$)/i.test(variables.find((value) => value !== undefined && value !== "") ?? "");
}
