import { get, one, type Scenario } from "../scenario.ts";
import { response, ok } from "../../support/servers/scripted-upstream.ts";

const server = (text: string): string => `server { listen LISTEN; ${text} }`;
/** With this many letters, trying all ways takes PCRE more steps than its limit. */
const letters = "a".repeat(40);

/** Regular expressions where they decide, and values of variables where they are used. */
export const regexScenarios: readonly Scenario[] = [
  {
    name: "a match that backtracks for too long is a 500 in a location and in an if, and no match in a map",
    upstreams: { a: () => ok("from a") },
    conf: `map $arg_m $mapped { default "none"; "~^(?!x)(a+)+$" "all"; }
      ${server(`location ~ "^/(?!x)(a+)+$" { return 200 "matched"; }
      location /if { if ($arg_m ~ "^(?!x)(a+)+$") { return 200 "yes"; } return 200 "no"; }
      location /map { return 200 "$mapped"; }
      location / { return 200 "other"; }`)}`,
    steps: [
      one(get("/aaa")),
      one(get(`/${letters}!`)),
      one(get("/if?m=aaa")),
      one(get(`/if?m=${letters}!`)),
      one(get("/map?m=aaa")),
      one(get(`/map?m=${letters}!`)),
    ],
  },
  {
    name: "proxy_redirect with a regular expression makes all of the URL anew, and its captures stay",
    upstreams: {
      a: ({ line }) => response("302 Found", "", [`Location: http://old.test${line.split(" ")[1]}?x=1`]),
    },
    conf: server(`location / { proxy_redirect ~^http://old\\.test/(\\w+) /new/$1; add_header X-One "$1"; proxy_pass http://@a; }
      location /groups { proxy_redirect ~old\\.(?<top>test) https://$host/$top; add_header X-Top "$top"; proxy_pass http://@a; }`),
    steps: [one(get("/first/second")), one(get("/groups"))],
  },
  {
    name: "an error page whose variables make a path is served from there",
    conf: server(`location /from { error_page 404 $arg_to; return 404; }
      location /moved { error_page 404 =301 $arg_to; return 404; }
      location /there { return 200 "there"; }
      location @named { return 200 "named"; }`),
    steps: [
      one(get("/from?to=/there")),
      one(get("/from?to=@named")),
      one(get("/from?to=http://b.test/")),
      one(get("/from?to=")),
      one(get("/moved?to=/there")),
      one(get("/moved?to=http://b.test/")),
    ],
  },
];
