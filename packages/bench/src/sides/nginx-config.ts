/**
 * The common hand-made configuration: least_conn, kept-alive upstream connections, streams passed on at once, and a read
 * timeout that a queued request survives. One process: each would count connections for itself, and so choose worse.
 */
export function nginxConfig(folder: string, listenPort: number, workerPorts: readonly number[]): string {
  const servers = workerPorts.map((port) => `    server 127.0.0.1:${port};`).join("\n");
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 16m;
  upstream workers {
    least_conn;
${servers}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${listenPort};
    location / {
      proxy_pass http://workers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
}
