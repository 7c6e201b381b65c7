import { type DirectiveRow, ignored, refused, supported } from "./directive-rule.ts";

const oneProcess = ignored("one process serves all requests on an event loop");
const tuning = ignored("tunes nginx's own memory or system calls, not what clients see");

/** Directives of the core and of the events module. Contexts and argument counts are those of nginx 1.30. */
export const coreDirectives: readonly DirectiveRow[] = [
  ["daemon", "M", "on|off", supported],
  ["master_process", "M", "on|off", supported],
  ["pid", "M", "1", supported],
  ["user", "M", "1-2", supported],
  ["error_log", "MHSL", "1+", supported],
  ["worker_shutdown_timeout", "M", "1", supported],
  ["events", "M", "0 {}", supported],
  ["http", "M", "0 {}", supported],
  ["include", "MEHSLUslx", "1", supported],
  ["worker_processes worker_priority lock_file", "M", "1", oneProcess],
  ["worker_cpu_affinity", "M", "1+", oneProcess],
  ["worker_rlimit_nofile", "M", "1", ignored("Node raises the limit of descriptors to the hard limit by itself")],
  ["worker_rlimit_core debug_points timer_resolution google_perftools_profiles", "M", "1", tuning],
  ["working_directory", "M", "1", ignored("only says where nginx leaves core files")],
  ["worker_connections", "E", "1", ignored("connections are limited by descriptors alone")],
  ["worker_aio_requests", "E", "1", tuning],
  ["use accept_mutex_delay", "E", "1", oneProcess],
  ["multi_accept accept_mutex", "E", "on|off", oneProcess],
  ["debug_connection", "E", "1", ignored("there is no debug log for single addresses")],
  ["pcre_jit", "M", "on|off", ignored("regular expressions are compiled by V8")],
  ["thread_pool", "M", "2-3", tuning],
  ["env", "M", "1", ignored("the environment is inherited whole")],
  [
    "load_module",
    "M",
    "1",
    ignored("nginx's modules are not loaded; directives that come from them are refused where they stand"),
  ],
  ["ssl_engine", "M", "1", ignored("TLS is Node's OpenSSL")],
  ["ssl_object_cache_inheritable", "M", "on|off", tuning],
  ["stream", "M", "0 {free}", refused("Drover balances HTTP only; give TCP and UDP streams to a stream proxy")],
  ["mail", "M", "0 {free}", refused("Drover balances HTTP only")],
];
