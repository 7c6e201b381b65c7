import { packageVersion } from "@drover/foundation/files/package-version";
import { defaultPaths } from "../load.ts";

/** Modules of nginx that have no equal here; those that have are upstream, proxy, gzip, access, log, map, headers, ssl and the balancing methods. */
const missingModules = `http_charset http_ssi http_userid http_auth_basic http_mirror http_autoindex http_geo
  http_split_clients http_referer http_rewrite http_fastcgi http_uwsgi http_scgi http_grpc http_memcached http_limit_conn
  http_limit_req http_empty_gif http_browser http_upstream_sticky http_realip http_addition http_xslt http_image_filter http_geoip
  http_sub http_dav http_flv http_mp4 http_gunzip http_gzip_static http_auth_request http_random_index http_secure_link
  http_degradation http_slice http_stub_status http_perl http_v2 http_v3 mail mail_ssl stream stream_ssl stream_realip
  stream_geoip stream_ssl_preread google_perftools`.split(/\s+/);

/** The line of `-v`. */
export function versionLine(): string {
  return `nginx version: drover/${packageVersion()}\n`;
}

/** What `-V` prints: nginx's form, and each module that is not there as `--without-…`. */
export function versionText(): string {
  const { prefix, conf, errorLog, accessLog, pid } = defaultPaths;
  const paths = `--prefix=${prefix} --conf-path=${conf} --error-log-path=${errorLog} --http-log-path=${accessLog} --pid-path=${pid}`;
  const absent = missingModules.map(
    (name) => `--without-${name}${name === "mail" || name === "stream" ? "" : "_module"}`,
  );
  return [
    versionLine().trimEnd(),
    `built by Node.js ${process.version}`,
    `built with OpenSSL ${process.versions.openssl}`,
    "TLS SNI support enabled",
    `configure arguments: ${paths} --with-http_ssl_module ${absent.join(" ")} --without-http-cache`,
    "",
  ].join("\n");
}

/** What `-h` prints. */
export function helpText(): string {
  const { prefix, conf, errorLog } = defaultPaths;
  return `${versionLine()}Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]
             [-e filename] [-c filename] [-g directives]

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a master process: stop, quit, reopen, reload
  -p prefix     : set prefix path (default: ${prefix}/)
  -e filename   : set error log file (default: ${errorLog})
  -c filename   : set configuration file (default: ${conf})
  -g directives : set global directives out of configuration file
  --nginx-compat: take the defaults of this nginx, 1.22 or 1.29.7 (default)

`;
}
