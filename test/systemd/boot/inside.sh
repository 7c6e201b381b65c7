#!/usr/bin/env bash
# Runs as root inside the booted container: Drover as a real service of a real systemd.
set -uo pipefail
readonly DROVER=/opt/drover/node_modules/.bin/drover ADMIN=/run/drover/admin.sock URL=http://127.0.0.1:8080
failures=0

check() { # check TITLE COMMAND…
  local title=$1
  shift
  if "$@" >/tmp/check 2>&1; then
    printf 'ok       %s\n' "$title"
    [[ ${SHOW:-} != 1 ]] || sed 's/^/         | /' /tmp/check
  else
    printf 'NOT OK   %s\n' "$title"
    sed 's/^/         | /' /tmp/check | tail -n 25
    failures=$((failures + 1))
  fi
}

eventually() { # eventually SECONDS COMMAND…
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 0.2
  done
}

value() { systemctl show -P "$1" drover.service; }
chat() {
  curl -fsS --max-time 30 $URL/v1/chat/completions -H 'content-type: application/json' \
    -d '{"max_tokens":8,"messages":[{"role":"user","content":"hello, and enough of it for a snapshot"}]}' | grep -q '"choices"'
}
workers() {
  $DROVER status --json --admin-socket $ADMIN |
    node -p 'JSON.parse(fs.readFileSync(0)).workers.flatMap(({ pid }) => pid ?? []).join("\n")'
}
status_is() { [[ $(value StatusText) =~ $1 ]] || { value StatusText && false; }; }
not_root() { [[ $(ps -o uid= -p "$(value MainPID)") -gt 999 ]]; }
sandboxed() {
  local pid
  for pid in $(value MainPID) $(workers); do
    grep -q '^NoNewPrivs:.1' "/proc/$pid/status" && grep -q '^CapEff:.0000000000000000' "/proc/$pid/status" &&
      grep -q '^Seccomp:.2' "/proc/$pid/status" || return 1
  done
}
pinned() {
  local masks
  masks=$(for pid in $(workers); do grep Cpus_allowed_list "/proc/$pid/status"; done)
  [[ $(sort -u <<<"$masks" | wc -l) -eq $(wc -l <<<"$masks") ]] || { echo "$masks" && false; }
}
snapshots_are_private() { # in the one directory that is there
  local uid directory
  uid=$(ps -o uid= -p "$(value MainPID)" | tr -d ' ')
  directory=$(echo /dev/shm/drover-*)
  [[ $(stat -c '%F %a %u' "$directory") == "directory 700 $uid" ]] && compgen -G "$directory/*.kv" &&
    ! runuser -u nobody -- ls "$directory" || { ls -lan /dev/shm "$directory" && false; }
}
no_snapshots_left() { ! compgen -G '/dev/shm/drover-*'; }
deaf_to_outsiders() { ! runuser -u nobody -- $DROVER status --admin-socket $ADMIN; }

reload_with() { # reload_with SLOTS
  sed -i "s/slots: .*/slots: $1/" /etc/drover/drover.yaml
  systemctl reload drover
}
bad_reload_fails() {
  local before after
  before=$(value MainPID)
  if reload_with many; then return 1; fi
  after=$(value MainPID)
  sed -i "s/slots: .*/slots: 2/" /etc/drover/drover.yaml
  [[ $before == "$after" && $(value ActiveState) == active ]] && chat
}

# Clients connect anew all the time while the service restarts, three times. A request that waits in the queue when the stop
# comes is told when to come back (503 with Retry-After); a refused or broken connection is a loss.
restart_loses_nothing() {
  : >/tmp/answers
  rm -f /tmp/enough
  local client
  for client in 1 2 3 4; do
    (until [[ -e /tmp/enough ]]; do ask >>/tmp/answers; done) &
  done
  sleep 1
  systemctl restart drover && systemctl restart drover && systemctl restart drover
  local status=$?
  sleep 1
  touch /tmp/enough
  wait
  sort /tmp/answers | uniq -c
  ((status == 0)) && ! grep -q LOST /tmp/answers && (($(grep -c answered /tmp/answers) > 8))
}
ask() {
  local head body=/tmp/body.$BASHPID
  head=$(curl -sS --max-time 30 -o "$body" -D - $URL/v1/chat/completions -H 'content-type: application/json' \
    -d '{"max_tokens":8,"messages":[{"role":"user","content":"hello"}]}' 2>&1)
  if [[ $head == *' 200 '* ]] && grep -q '"choices"' "$body"; then echo answered
  elif [[ $head == *' 503 '* ]] && grep -qi '^retry-after:' <<<"$head"; then echo told to come back
  else echo "LOST: $head" | head -n 2; fi
}

watchdog_restarts() {
  local before workers_before
  before=$(value NRestarts)
  workers_before=$(workers)
  kill -STOP "$(value MainPID)"
  eventually 60 restarted "$before" || { echo "no restart" && return 1; }
  eventually 60 chat || return 1
  local pid
  for pid in $workers_before; do [[ ! -d /proc/$pid ]] || return 1; done
  [[ $(journalctl -u drover) == *'Watchdog timeout'* ]]
}
restarted() { (($(value NRestarts) > $1)) && [[ $(value ActiveState) == active ]]; }

killed_worker_is_replaced() {
  local victim
  victim=$(workers | head -n 1)
  kill -KILL "$victim"
  eventually 30 replaced "$victim" && [[ $(value NRestarts) == "$1" ]]
}
replaced() { [[ $(workers | wc -l) == 2 ]] && ! workers | grep -qx "$1" && status_is '^2/2 workers'; }

journal_priorities() {
  journalctl -u drover -o json --output-fields=PRIORITY,MESSAGE --no-pager >/tmp/journal
  [[ $(grep '"serving on' /tmp/journal) == *'"PRIORITY":"6"'* && $(grep -- '-> backoff' /tmp/journal) == *'"PRIORITY":"4"'* ]]
}

stops_clean() {
  local pids
  pids="$(value MainPID) $(workers)"
  systemctl stop drover.service drover.socket
  local pid
  for pid in $pids; do [[ ! -d /proc/$pid ]] || return 1; done
  [[ $(value Result) == success && $(value ExecMainStatus) == 0 ]]
}

bad_configuration_is_not_retried() {
  echo 'wrokers: 2' >/etc/drover/drover.yaml
  ! systemctl start drover || return 1
  sleep 3
  [[ $(value ExecMainStatus) == 2 && $(value NRestarts) == 0 ]] && [[ $(journalctl -u drover -p err) == *'did you mean "workers"'* ]]
}

# A server of the user's own that leaves its parent, its session and its environment.
hide_server() {
  cat >/etc/drover/server.mjs <<'SERVER'
import { createServer } from "node:http";
createServer((_request, response) => response.end(String(process.pid))).listen(Number(process.argv[2]), "127.0.0.1");
SERVER
  cat >/etc/drover/run.sh <<'SCRIPT'
env -i setsid --fork /usr/bin/node /etc/drover/server.mjs "$1"
while :; do sleep 1; done
SCRIPT
  printf 'workers:\n  count: 1\n  command: bash /etc/drover/run.sh {port}\n' >/etc/drover/drover.yaml
  systemctl reset-failed drover && systemctl start drover.service || { journalctl -u drover -n 30 --no-pager && false; }
}
server() { curl -fsS --max-time 30 $URL/pid; }
worker_groups() { find /sys/fs/cgroup -type d -path '*/drover.service/drover-worker-*'; }
restart_finds_hidden_server() {
  local before after
  before=$(server)
  [[ -n $before && -n $(worker_groups) ]] || { cat "/proc/$(value MainPID)/cgroup" && false; } || return 1
  $DROVER restart 1 --admin-socket $ADMIN && after=$(server) && [[ $after != "$before" && ! -d /proc/$before ]]
}
stop_ends_hidden_server() {
  local before
  before=$(server) && systemctl stop drover.service drover.socket && [[ ! -d /proc/$before && $(value Result) == success ]]
}

user_service() {
  local run=/run/user/$(id -u llm)
  as_llm() { runuser -u llm -- env HOME=/home/llm XDG_RUNTIME_DIR="$run" "$@"; }
  eventually 20 test -S "$run/systemd/private" || { systemctl status "user@$(id -u llm)" && return 1; }
  as_llm $DROVER service install --user --workers 1 --slots 2 --listen 127.0.0.1:8090 || return 1
  as_llm systemctl --user daemon-reload && as_llm systemctl --user start drover.service || {
    journalctl _UID="$(id -u llm)" | tail -n 20
    return 1
  }
  curl -fsS http://127.0.0.1:8090/health && as_llm $DROVER status --admin-socket "$run/drover/admin.sock" &&
    as_llm systemctl --user stop drover.service drover.socket
}

ip link set lo up 2>/dev/null || true
mkdir -p /etc/drover
printf 'workers:\n  count: 2\n  threads: 1\n  slots: 2\n  context: 512\n' >/etc/drover/drover.yaml
id llm >/dev/null 2>&1 || useradd --create-home llm
loginctl enable-linger llm

check "drover service install writes the units" $DROVER service install --config /etc/drover/drover.yaml
mkdir -p /etc/systemd/system/drover.service.d
printf '[Service]\nWatchdogSec=6s\n[Unit]\nStartLimitBurst=50\n' >/etc/systemd/system/drover.service.d/quick.conf
systemctl daemon-reload
check "systemctl start returns when it is ready" bash -c "systemctl start drover.service && exit 0; journalctl -u drover -n 30 --no-pager; exit 1"
((failures == 0)) || { echo "it did not start: the other checks make no sense" && exit 1; }
check "a chat is answered" chat
check "STATUS shows workers and slots" eventually 15 status_is '^2/2 workers, [0-4] of 4 slots$'
check "it does not run as root" not_root
check "supervisor and workers have no capabilities, no new privileges, filtered system calls" sandboxed
check "each worker is pinned to its own CPU" pinned
check "another account can't reach the admin socket" deaf_to_outsiders
check "snapshots lie in /dev/shm, for the service's account only" eventually 15 snapshots_are_private
check "the exposure is rated under 4.0" systemd-analyze security --threshold=40 drover.service
check "a killed worker is replaced within the service" killed_worker_is_replaced 0
check "the journal has priorities" journal_priorities
check "systemctl reload waits and succeeds" reload_with 3
check "systemctl reload fails on an invalid configuration, and the service goes on" bad_reload_fails
SHOW=1 check "three restarts under load lose no connection" restart_loses_nothing
check "a supervisor that stands still is restarted by the watchdog, its workers gone" watchdog_restarts
check "a chat with the one after it is answered" chat
check "its snapshots lie in the only directory there is" eventually 15 snapshots_are_private
check "systemctl stop ends everything, with success" stops_clean
check "no snapshot is left" no_snapshots_left
check "an invalid configuration fails once and is not tried again" bad_configuration_is_not_retried
check "a worker command's hidden server serves" hide_server
check "it is restarted with its control group (Delegate=yes)" restart_finds_hidden_server
check "systemctl stop ends it too, with success" stop_ends_hidden_server
check "a user's own service starts without root" user_service

if ((failures == 0)); then echo "all passed ($(systemctl --version | head -n 1))"; else echo "$failures failed"; fi
