import { renderServiceUnit, renderSocketUnit, type ServiceFacts } from "./unit-files.ts";

const FACTS: ServiceFacts = {
  scope: "system",
  program: ["/usr/bin/node", "/opt/drover/packages/cli/bin/drover.js"],
  flags: ["--config", "/etc/drover/drover.yaml"],
  listen: ["127.0.0.1:8080"],
  reads: ["/usr", "/opt/drover", "/etc/drover/drover.yaml"],
  files: ["/etc/drover/drover.yaml"],
  documentation: "/opt/drover/docs/systemd.md",
  stopMs: 50_000,
};

/** The unit files of a Drover in /opt/drover, for those who install by other means than `drover service install`. */
export function exampleUnits(): readonly { readonly path: string; readonly text: string }[] {
  return [
    { path: "config/files/systemd/drover.service", text: renderServiceUnit(FACTS) },
    { path: "config/files/systemd/drover.socket", text: renderSocketUnit(FACTS) },
  ];
}
