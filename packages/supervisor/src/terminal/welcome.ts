/** What a user wants to know once Drover serves. */
export interface Welcome {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly isDemo: boolean;
  readonly hasKeys: boolean;
  /** How the user calls drover. */
  readonly program: string;
}

/** After `pnpm start` there is no `drover` in anybody's PATH. */
export function programName(environment: Readonly<Record<string, string | undefined>>): string {
  return environment["npm_lifecycle_event"] === "start" ? "./node_modules/.bin/drover" : "drover";
}

/** A command line to copy. */
export function curlLine({ url, hasKeys }: Welcome): string {
  const key = hasKeys ? ` -H 'authorization: Bearer YOUR_KEY'` : "";
  const body = `{"messages":[{"role":"user","content":"Hello, who are you?"}],"stream":true}`;
  return `curl -N ${url}/v1/chat/completions -H 'content-type: application/json'${key} -d '${body}'`;
}

/** For a log line: how to leave the demo behind. */
export function realModelHint({ isDemo, program }: Welcome): { readonly realModel?: string } {
  return isDemo ? { realModel: `${program} up --model FILE.gguf, or --model hf:ORG/REPO:Q4_K_M` } : {};
}

/** The lines that a terminal shows. */
export function welcomeText(welcome: Welcome): string {
  const lines = [
    "",
    `  Drover serves on ${welcome.url}`,
    "",
    `  ${curlLine(welcome)}`,
    "",
    ...(welcome.isDemo
      ? [
          "  This is the demo model. For a real one (see up --help):",
          `  ${welcome.program} up --model FILE.gguf`,
          `  ${welcome.program} up --model hf:ORG/REPO:Q4_K_M`,
          "",
        ]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}
