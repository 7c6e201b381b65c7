// What people write first: http-proxy and nothing else. usage: node bare-http-proxy.mjs PORT TARGET
import http from "node:http";
import { createRequire } from "node:module";

const fromBalancer = createRequire(new URL("../../../packages/balancer/package.json", import.meta.url));
const httpProxy = fromBalancer("http-proxy");
const [port, target] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const proxy = httpProxy.createProxyServer({ target, agent });
proxy.on("error", (_error, _request, response) => response.destroy());
http.createServer((request, response) => proxy.web(request, response)).listen(Number(port), "127.0.0.1");
