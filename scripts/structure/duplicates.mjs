// One thing is written once: clocks, parsers of durations, sizes and ranges, HTTP GETs, and any function that stands in two files.
import { walk } from "./source-files.mjs";

/** What belongs to one file; elsewhere it is a second one. `except`: another grammar, or another kind of thing, by its path. */
const SINGLE = [
  {
    what: "an interface for the time",
    owner: "packages/foundation/src/clock.ts",
    pattern: /\binterface \w*Clock\b|\bnow\(\): number|\bnowMs\(\): number/,
    except: ["packages/foundation/src/test-support/manual-clock.ts"],
  },
  {
    what: "a reading of the time",
    owner: "packages/foundation/src/clock.ts",
    pattern: /\bperformance\.now\b|\bprocess\.hrtime\b|\bDate\.now\b|\bnew Date\(\)/,
    // systemd wants the kernel's own monotonic time, not that of this process
    except: ["packages/supervisor/src/systemd/join.ts"],
  },
  {
    what: "a parser of durations",
    owner: "packages/foundation/src/durations-and-sizes.ts",
    pattern: /\bms\|s\|m\b|\bms: 1,/,
    // nginx's own grammar: several parts, other units
    except: ["packages/nginx/src/read/units.ts"],
  },
  {
    what: "a parser of sizes",
    owner: "packages/foundation/src/durations-and-sizes.ts",
    pattern: /\[kKmMgG|\[kmgt\]/,
    except: ["packages/nginx/src/read/units.ts"],
  },
  { what: "a parser of ranges", owner: "packages/foundation/src/ranges.ts", pattern: /split\("\.\."\)|\\d\+\\\.\\\./ },
  {
    what: "an HTTP GET",
    owner: "packages/foundation/src/network/http-get.ts",
    pattern:
      /\bhttps?\)?\.get\(|import \{[^}]*\b(?:get|fetch|request)\b[^}]*\} from "(?:node:https?|undici)"|(?<![.#\w])fetch\(/,
    except: [
      // through proxies and redirects, to a body of gigabytes that is read as it comes
      "packages/models/src/sources/http-get.ts",
      // calls of both methods, whose responses may be streams
      "packages/supervisor/src/admin/admin-client.ts",
      // a request that fails ends it, and it brings nothing of TLS into a worker
      "packages/worker/src/rehearsal.ts",
      // measures a scrape on a connection that is kept alive, as Prometheus sends it
      "packages/bench/src/measure/observing.ts",
    ],
  },
  {
    what: "a text for a size",
    owner: "packages/foundation/src/texts.ts",
    pattern: /2 \*\* [1-4]0\)\.toFixed|\} ?[kKMGT]i?B\b/,
    except: [
      // exact, for a settings file
      "packages/nginx/src/import/to-drover-yaml.ts",
      // a median and its interval with a unit behind both
      "packages/bench/src/measure/balancer-crowd.ts",
    ],
  },
  {
    what: "a plural",
    owner: "packages/foundation/src/texts.ts",
    pattern: /=== 1 \? "" : "s"|=== 1 \? ["`](?:1 )?(\w+)\b[^\n]*? : ["`](?:\$\{[^}]*\} )?\1s\b/,
  },
  { what: "a header of Drover's", owner: "packages/contract/src/headers.ts", pattern: /"x-drover-[a-z-]+"/ },
  {
    what: "a builder of error bodies",
    owner: "packages/contract/src/api-errors.ts",
    pattern: /"(server_error|overloaded_error|proxy_\w*error)"/,
  },
];

/** Shorter functions may be alike by chance. */
const LEAST_CHARACTERS = 80;
/** A method is the last of these. */
const FUNCTIONS = new Set(["FunctionDeclaration", "ArrowFunctionExpression", "FunctionExpression"]);

export function checkDuplicates(files) {
  // A page is another program, bundled for the browser.
  const product = [...files.values()].filter((file) => !file.isTest && !file.isPage);
  return [...product.flatMap(secondOnes), ...sameFunctions(product)];
}

function secondOnes({ path, text }) {
  const code = text.replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, "");
  return SINGLE.filter(
    ({ owner, except = [], pattern }) => path !== owner && !except.includes(path) && pattern.test(code),
  ).map(({ what, owner }) => `${path}: ${what}, which ${owner} has`);
}

function sameFunctions(files) {
  const seen = new Map();
  for (const { path, text, program } of files) {
    walk(program, (node) => {
      const body = FUNCTIONS.has(node.type) ? node.body : undefined;
      if (body?.type !== "BlockStatement") return;
      const written = text.slice(node.params[0]?.start ?? body.start, body.end).replaceAll(/\s+/g, " ");
      if (written.length < LEAST_CHARACTERS) return;
      const places = seen.get(written) ?? new Set();
      seen.set(written, places.add(path));
    });
  }
  return [...seen]
    .filter(([, places]) => places.size > 1)
    .map(([written, places]) => `${[...places].join(", ")}: the same function, ${written.slice(0, 60)} …`);
}
