// Sends the requests of requests.mjs to Drover, and to a llama-server where one is given, and writes the table of docs/api.md.
// usage: node scripts/api/compare.mjs --drover URL [--llama-server URL] [--write]
// Both with the same small model, one slot or more, and embeddings (llama-server: --embeddings --pooling mean --metrics --jinja); --write puts the table into docs/api.md.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { requests } from "./requests.mjs";

const { values } = parseArgs({
  options: {
    drover: { type: "string" },
    "llama-server": { type: "string" },
    write: { type: "boolean", default: false },
  },
});
if (values.drover === undefined) {
  console.error("usage: node scripts/api/compare.mjs --drover URL [--llama-server URL] [--write]");
  process.exit(2);
}

const rows = [];
for (const [name, method, path, body] of requests) {
  const ours = await ask(values.drover, method, path, body);
  const theirs =
    values["llama-server"] === undefined ? undefined : await ask(values["llama-server"], method, path, body);
  rows.push({ name, ours, theirs, verdict: theirs === undefined ? "" : verdictOf(ours, theirs) });
}
const text = table(rows);
process.stdout.write(text);
if (values.write) write(text);

/** Status, and the names of the fields of the response (of its last event, where it is a stream). */
async function ask(url, method, path, body) {
  try {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      signal: AbortSignal.timeout(120_000),
    });
    return { status: response.status, fields: fieldsOf(await response.text()) };
  } catch (error) {
    return { status: 0, fields: [], error: String(error) };
  }
}

function fieldsOf(text) {
  const events = text
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => line.slice("data: ".length));
  const lines = text.trim().split("\n");
  for (const candidate of [text, events.at(-1), lines.at(-1)]) {
    try {
      const value = JSON.parse(candidate);
      return Object.keys(Array.isArray(value) ? (value[0] ?? {}) : value).toSorted();
    } catch {}
  }
  return [];
}

/** Equal: the same kind of status and every field of theirs. Better: it serves what the other one refuses. */
function verdictOf(ours, theirs) {
  const [ok, theirOk] = [ours.status >= 200 && ours.status < 300, theirs.status >= 200 && theirs.status < 300];
  if (ok && !theirOk) return "better";
  if (!ok && theirOk) return "worse";
  const missing = ok ? theirs.fields.filter((field) => !ours.fields.includes(field)) : [];
  return missing.length === 0 ? "equal" : `lacks ${missing.join(", ")}`;
}

function cell({ status, fields }) {
  return `${status || "none"} ${fields.slice(0, 6).join(" ")}${fields.length > 6 ? " …" : ""}`.trim();
}

function escape(one) {
  return one.replaceAll("|", "\\|");
}

function table(all) {
  const compared = all.some(({ theirs }) => theirs !== undefined);
  const count = (verdict) => all.filter((row) => row.verdict === verdict).length;
  const lines = all.map(({ name, ours, theirs, verdict }) =>
    compared
      ? `| ${escape(name)} | ${escape(cell(ours))} | ${escape(cell(theirs))} | ${verdict} |`
      : `| ${escape(name)} | ${escape(cell(ours))} |`,
  );
  const head = compared
    ? ["| request | Drover | llama-server | |", "| --- | --- | --- | --- |"]
    : ["| request | Drover |", "| --- | --- |"];
  const sum = compared
    ? [
        `${all.length} requests: ${count("equal")} equal, ${count("better")} better, ${count("worse")} worse, ${all.length - count("equal") - count("better") - count("worse")} with a field less.`,
        "",
      ]
    : [];
  return `${[...sum, ...head, ...lines].join("\n")}\n`;
}

function write(made) {
  const [begin, end] = ["<!-- made by scripts/api/compare.mjs -->", "<!-- end -->"];
  const page = readFileSync("docs/api.md", "utf8");
  const before = page.includes(begin)
    ? page.slice(0, page.indexOf(begin))
    : `${page.trimEnd()}\n\n## Beside llama.cpp's server\n\n`;
  writeFileSync("docs/api.md", `${before}${begin}\n${made}${end}\n`);
}
