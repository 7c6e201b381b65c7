import { type DirectiveRow, ignored, refused, refusedUnless, supported } from "./directive-rule.ts";

const compression = "answers are not compressed; take the line out, or let the upstream do it";
const noCompression = ignored("has no meaning without gzip");

function all(names: string, contexts: string, args: string, treatment: DirectiveRow[3]): DirectiveRow[] {
  return names.split(" ").map((name): DirectiveRow => [name, contexts, args, treatment]);
}

/** Directives of nginx's other http modules: known by name, so that the message can say why rather than "unknown directive". */
export const foreignDirectives: readonly DirectiveRow[] = [
  ["gzip", "HSLl", "on|off", refusedUnless("off", compression)],
  ...all("gzip_types gzip_proxied gzip_disable", "HSL", "1+", noCompression),
  ...all("gzip_comp_level gzip_min_length gzip_http_version gzip_vary", "HSL", "1", noCompression),
  ...all("gzip_buffers", "HSL", "2", noCompression),
  ...all("gzip_static gunzip", "HSL", "1", refusedUnless("off", compression)),
  ...all("gunzip_buffers", "HSL", "2", noCompression),
  ...all("auth_basic", "HSLx", "1", refusedUnless("off", "use Drover's API keys")),
  ...all("auth_basic_user_file", "HSLx", "1", ignored("has no meaning without auth_basic")),
  ...all("auth_request", "HSL", "1", refusedUnless("off", "there are no subrequests")),
  ...all("auth_request_set", "HSL", "2", refused("there are no subrequests")),
  ...all("auth_jwt", "HSL", "1-2", refusedUnless("off", "tokens are not checked")),
  ...all("allow deny", "HSLx", "1", supported),
  ...all("limit_req limit_conn", "HSL", "1+", refused("use `max_conns`, or `drover up` with limits per key")),
  ...all("limit_req_zone", "H", "3-4", ignored("only declares a zone")),
  ...all("limit_conn_zone", "H", "2", ignored("only declares a zone")),
  ...all(
    "limit_req_status limit_conn_status limit_req_log_level limit_conn_log_level",
    "HSL",
    "1",
    ignored("only tunes limits"),
  ),
  ...all("limit_req_dry_run limit_conn_dry_run", "HSL", "on|off", ignored("only tunes limits")),
  ...all("real_ip_header", "HSL", "1", refused("the peer's address is taken as the client's")),
  ...all("set_real_ip_from", "HSL", "1", refused("the peer's address is taken as the client's")),
  ...all("real_ip_recursive", "HSL", "on|off", ignored("has no meaning without set_real_ip_from")),
  ...all(
    "fastcgi_pass uwsgi_pass scgi_pass grpc_pass memcached_pass",
    "Ll",
    "1",
    refused("upstreams speak HTTP/1; use proxy_pass"),
  ),
  ...all("fastcgi_param uwsgi_param scgi_param", "HSL", "2-3", ignored("has no meaning without its _pass directive")),
  ...all("fastcgi_index fastcgi_split_path_info", "HSL", "1", ignored("has no meaning without fastcgi_pass")),
  ...all("geo", "H", "1-2 {free}", refused("variables come from `map` only")),
  ...all("split_clients", "H", "2 {free}", refused("use upstream weights")),
  ...all("userid", "HSL", "1", refusedUnless("off", "no cookies are set")),
  ...all("charset override_charset", "HSLl", "1", refusedUnless("off", "content types are passed on as they are")),
  ...all("charset_types source_charset", "HSL", "1+", ignored("has no meaning without charset")),
  ...all("charset_map", "H", "2 {free}", refused("answers are not recoded")),
  ...all("autoindex", "HSL", "on|off", ignored("only matters for files, which Drover does not serve")),
  ...all("ssi", "HSLl", "on|off", refusedUnless("off", "answers are not changed")),
  ...all("sub_filter", "HSL", "2", refused("answers are not changed")),
  ...all(
    "sub_filter_types sub_filter_once sub_filter_last_modified",
    "HSL",
    "1+",
    ignored("has no meaning without sub_filter"),
  ),
  ...all("addition_types add_before_body add_after_body", "HSL", "1+", refused("answers are not changed")),
  ...all("mirror", "HSL", "1", refusedUnless("off", "requests are not doubled")),
  ...all("mirror_request_body", "HSL", "on|off", ignored("has no meaning without mirror")),
  ...all("stub_status", "SL", "0-1", refused("Drover's own metrics are at /metrics with `drover up`")),
  ...all("slice", "HSL", "1", refusedUnless("0", "requests are not cut")),
  ...all("empty_gif flv", "L", "0", refused("files are not served")),
  ...all("mp4", "L", "0", refused("files are not served")),
  ...all("dav_methods", "HSL", "1+", refusedUnless("off", "files are not served")),
  ...all("secure_link secure_link_md5 secure_link_secret", "HSL", "1", refused("links are not checked")),
  ...all("valid_referers", "SL", "1+", refused("referrers are not checked")),
  ...all("random_index", "L", "on|off", refusedUnless("off", "files are not served")),
  ...all("image_filter", "L", "1+", refusedUnless("off", "answers are not changed")),
  ...all(
    "perl js_content js_set js_import js_path lua_code_cache content_by_lua_block",
    "HSL",
    "1+",
    refused("there are no scripts"),
  ),
  ...all("echo", "Ll", "0+", refused("write `return 200 …`")),
  ...all(
    "health_check match",
    "HSL",
    "0+",
    refused("upstreams are checked by their answers to requests; see max_fails"),
  ),
  ...all(
    "ancient_browser modern_browser ancient_browser_value modern_browser_value",
    "HSL",
    "1+",
    refused("use `map $http_user_agent`"),
  ),
];
