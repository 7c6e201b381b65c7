// What people write first: http-proxy and nothing else. usage: node bare-http-proxy.js PORT TARGET
import http from "node:http";
import { createRequire } from "node:module";

interface HttpProxy {
  createProxyServer(options: { readonly target: string | undefined; readonly agent: http.Agent }): {
    on(name: "error", listener: (error: Error, request: unknown, response: http.ServerResponse) => void): void;
    web(request: http.IncomingMessage, response: http.ServerResponse): void;
  };
}

// The same library as the balancer's, so that it is the balancer that is compared.
const fromBalancer = createRequire(new URL("../../../../balancer/package.json", import.meta.url));
const httpProxy = fromBalancer("http-proxy") as HttpProxy;
const [port, target] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const proxy = httpProxy.createProxyServer({ target, agent });
proxy.on("error", (_error, _request, response) => void response.destroy());
http.createServer((request, response) => proxy.web(request, response)).listen(Number(port), "127.0.0.1");
