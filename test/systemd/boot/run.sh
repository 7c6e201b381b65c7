#!/usr/bin/env bash
# Boots Debian in a container with its own network, installs Drover there as a service, and checks the service from within
# (inside.sh). Nothing of the host is booted or written: the container's files lie in a folder of their own, and around it
# every mount of the host's root is read-only, in a mount namespace that ends with this script.
# usage: test/systemd/boot/run.sh [--keep]   (root; --keep: the Debian tree stays for the next time)
set -euo pipefail
readonly RELEASE=bookworm LIMIT_SECONDS=400
# Where this machine's own packages come from, unless said otherwise.
MIRROR=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $RELEASE" | awk 'NR == 1')}
readonly MIRROR
readonly INCLUDE=systemd-sysv,dbus,libpam-systemd,procps,curl,libstdc++6,numactl,util-linux,ca-certificates
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
node=$(readlink -f "$(command -v node)")
# Not below /tmp, which a boot would empty if anything went wrong.
folder=${DROVER_SYSTEMD_FOLDER:-/var/tmp/drover-systemd}
group=drover-test-$$

fail() {
  printf 'test:systemd: %s\n' "$1" >&2
  exit 1
}

((EUID == 0)) || fail "needs root (a container with a file system and network of its own)"
for program in debootstrap systemd-nspawn unshare; do
  command -v "$program" >/dev/null || fail "needs $program: apt-get install debootstrap systemd-container util-linux"
done
[[ -e $repository/packages/cli/dist/main.js ]] || fail "build first: npx -y pnpm@12.21.0 build"

container=
clean_up() {
  if [[ -n $container ]]; then
    kill -TERM "$container" 2>/dev/null || true
    wait "$container" 2>/dev/null || true
  fi
  for hierarchy in /sys/fs/cgroup/{systemd/,unified/,}"$group"; do
    [[ -d $hierarchy ]] && find "$hierarchy" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
  [[ ${1-} == --keep ]] || rm -rf "$folder"
}
keep=${1-}
trap 'clean_up "$keep"' EXIT
trap 'exit 143' INT TERM

if [[ ! -e $folder/complete ]]; then
  printf 'making a Debian tree in %s (two minutes, 260 MB)\n' "$folder"
  rm -rf "$folder"
  mkdir -p "$folder"
  debootstrap --variant=minbase --include="$INCLUDE" "$RELEASE" "$folder/tree" "$MIRROR" >"$folder/debootstrap.log" 2>&1 ||
    { tail -n 20 "$folder/debootstrap.log" >&2 && fail "debootstrap failed"; }
  touch "$folder/complete"
fi

# What runs in the container: the checks once the boot is done, then power off. Their output comes back in a folder.
rm -rf "$folder/results" && mkdir -p "$folder/results"
install -m 0755 "$here/inside.sh" "$folder/tree/usr/local/bin/inside.sh"
cat >"$folder/tree/etc/systemd/system/inside.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=HOME=/root
ExecStart=/bin/bash -c '/usr/local/bin/inside.sh >/results/output 2>&1'
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec=$LIMIT_SECONDS
UNIT
mkdir -p "$folder/tree/etc/systemd/system/multi-user.target.wants" "$folder/tree/results"
ln -sf ../inside.service "$folder/tree/etc/systemd/system/multi-user.target.wants/inside.service"

# systemd in the container needs a cgroup of its own; at the root of the host's it would take them all over.
contain='
  set -euo pipefail
  for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [[ -e $hierarchy/cgroup.procs && ! -e $hierarchy/cgroup.sane_behavior || $hierarchy != /sys/fs/cgroup ]] || continue
    [[ -e $hierarchy/cgroup.procs ]] || continue
    mkdir -p "$hierarchy/$group" && echo $$ >"$hierarchy/$group/cgroup.procs"
  done
  mount --bind "$folder" "$folder"
  mount -t tmpfs tmpfs /run
  mount -o remount,bind,ro /
  if touch /tmp/drover-systemd-probe 2>/dev/null && [[ $(stat -c %m /tmp) == / ]]; then
    echo "the host is still writable: not booting" >&2
    exit 1
  fi
  exec timeout --foreground --kill-after=30 "$limit" systemd-nspawn --quiet --directory="$folder/tree" --boot --private-network \
    --register=no --keep-unit --console=read-only --machine=drover-test --volatile=no \
    --bind="$folder/results:/results" --bind-ro="$repository:/opt/drover" --bind-ro="$node:/usr/bin/node" \
    systemd.unit=multi-user.target systemd.show_status=0'
started=$SECONDS
env group="$group" folder="$folder" repository="$repository" node="$node" limit="$LIMIT_SECONDS" \
  unshare --mount --propagation private bash -c "$contain" </dev/null >"$folder/console" 2>&1 &
container=$!
wait "$container" || true
container=

[[ -e $folder/results/output ]] || { tail -n 40 "$folder/console" >&2 && fail "the container did not get to the checks"; }
cat "$folder/results/output"
grep -q '^all passed' "$folder/results/output" || fail "not every check passed"
printf 'booted, checked and powered off in %d s\n' $((SECONDS - started))
