#!/usr/bin/env bash
# Does the README's promise hold? Clones the last commit to a temporary folder and runs its two commands there, with an
# empty home folder and empty caches, as on a machine that has never seen Drover.
# usage: scripts/fresh-clone.sh [--bare] [--full | PART OF A TEST'S PATH …]
#   --full: every test; without it and without a part: those of config, enough to see that `test` builds and runs
#   --bare: in a Chinese locale, and what depends on the locale in others too; where root runs it, as an ordinary user and without the programs of
#     .ci/run's Debian packages
set -euo pipefail
is_bare=
[[ ${1-} == --bare ]] && { is_bare=yes; shift; }
readonly HIDDEN=(taskset setpriv lscpu script numactl ps nginx haproxy systemd-analyze systemd-notify systemd-socket-activate
  systemd-nspawn debootstrap python3 git chromium prometheus curl)
by_locale=(packages/cli test/config)
readonly NOBODY=65534
readonly LARGEST_INSTALL_MB=145 START_SECONDS=900 STOP_SECONDS=120
folder=$(mktemp -d)
# The repository may be another user's, as where CI mounts it into a container; it is only read.
printf '[safe]\n\tdirectory = *\n' >"$folder/gitconfig"
export GIT_CONFIG_GLOBAL=$folder/gitconfig
repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
server=

# npx and pnpm do not pass a signal on to what they run; the whole process group gets it, as from a terminal.
# Zombies do not count: where nobody reaps orphans, as in some containers, they stay.
stop_server() {
  [[ -n $server ]] || return 0
  local group=$server stopped=$SECONDS
  server=
  kill -TERM -- "-$group" 2>/dev/null || true
  while pgrep -r D,R,S,T -g "$group" >/dev/null; do
    ((SECONDS - stopped < STOP_SECONDS)) || { kill -KILL -- "-$group" 2>/dev/null; return 1; }
    sleep 0.1
  done
  wait "$group" 2>/dev/null || true
}

clean_up() {
  stop_server || true
  rm -rf "$folder" || true
}
trap clean_up EXIT

fail() {
  printf 'fresh clone: %s\n' "$1" >&2
  exit 1
}

git clone -q --no-hardlinks "$repository" "$folder/drover"
cd "$folder/drover"
mkdir "$folder/home"
# Only what a login shell has: no npm configuration, cache or pnpm store of the caller's.
clean=(env -i "PATH=$PATH" "HOME=$folder/home" "XDG_CACHE_HOME=$folder/home/.cache" "XDG_RUNTIME_DIR=$folder/home" LANG=C.UTF-8)
# How to reach the npm registry is the machine's business, not the stranger's.
[[ -n $is_bare ]] && clean+=(LC_ALL=zh_CN.UTF-8)
while IFS= read -r setting; do clean+=("$setting"); done < <(env | grep -iE '^(npm_config_registry|https?_proxy|no_proxy|node_extra_ca_certs|npm_config_cafile)=' || true)
registry=$(npm config get registry)
clean+=("npm_config_registry=$registry")
if [[ -n $is_bare && $EUID == 0 ]] && unshare --mount true; then
  # In a mount namespace of their own, so that nothing changes for anybody else.
  mapfile -t hidden < <(PATH=$PATH:/usr/sbin:/sbin type -aP "${HIDDEN[@]}")
  cp "$(command -v setpriv)" "$folder/drop"
  chown -R "$NOBODY" "$folder"
  clean=(unshare --mount bash -c 'while [[ $1 != -- ]]; do mount --bind /dev/null "$1"; shift; done; shift; exec "$@"' hide "${hidden[@]}" --
    "$folder/drop" --reuid "$NOBODY" --regid "$NOBODY" --clear-groups "${clean[@]}")
fi

started=$SECONDS
setsid "${clean[@]}" npx -y pnpm@12.21.0 start --listen 127.0.0.1:0 >"$folder/out" 2>"$folder/err" </dev/null &
server=$!
address=
until [[ -n $address ]]; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/out" "$folder/err" >&2; fail "start ended before it served"; }
  ((SECONDS - started < START_SECONDS)) || { cat "$folder/out" "$folder/err" >&2; fail "start printed no address within $START_SECONDS s"; }
  sleep 0.2
  # With what follows the port: the line may be half written.
  address=$(cat "$folder/out" "$folder/err" | grep -oE 'http://127\.0\.0\.1:[0-9]+"' | head -n 1 | tr -d '"' || true)
done
printf 'start: serving %s after %d s\n' "$address" $((SECONDS - started))
# The first worker may still be loading when the address is printed: the request waits for it in the queue.
answer=$(curl -sS --max-time 300 "$address/v1/chat/completions" -H 'content-type: application/json' \
  -d '{"messages":[{"role":"user","content":"hello"}],"max_tokens":16,"temperature":0}')
[[ $answer == *'"choices"'* ]] || fail "the demo model did not answer: $answer"
printf 'start: a chat was answered\n'
stop_server || fail "start did not end within $STOP_SECONDS s of TERM"

megabytes=$(du -sm node_modules | cut -f1)
((megabytes < LARGEST_INSTALL_MB)) || fail "node_modules takes $megabytes MB, more than $LARGEST_INSTALL_MB"
printf 'install: %d MB\n' "$megabytes"

# Runs the tests with these parts in their path; all without one.
run_tests() {
  local locale=$1
  shift
  "${clean[@]}" ${locale:+"LC_ALL=$locale"} npx -y pnpm@12.21.0 test "$@" >"$folder/tests.$locale" 2>&1 </dev/null || { cat "$folder/tests.$locale" >&2; fail "test failed ${locale:+under LC_ALL=$locale}"; }
  printf 'test%s: %s\n' "${locale:+ under LC_ALL=$locale}" "$(grep -E '^[0-9]+ passed' "$folder/tests.$locale")"
}

tests=("${@:-config/src}")
[[ ${tests[0]} == --full ]] && tests=()
if [[ -z $is_bare ]]; then
  run_tests "" "${tests[@]}"
else
  run_tests zh_CN.UTF-8 "${tests[@]}"
  # Side by side: nothing of one is seen by the other.
  others=()
  for locale in C de_DE.UTF-8; do
    run_tests "$locale" "${by_locale[@]}" &
    others+=($!)
  done
  for other in "${others[@]}"; do wait "$other"; done
fi
