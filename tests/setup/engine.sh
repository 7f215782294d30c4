#!/usr/bin/env bash
# Makes sure that a container engine answers, and says in one line which.
#
# The engine that the docker client is pointed at (DOCKER_HOST, DOCKER_CONTEXT, its own settings) is
# used if it answers. Otherwise, as root on Debian or Ubuntu, `docker.io` is installed and its
# daemon is started. Otherwise it is said what to do.
#
# Exit codes: 0 an engine answers, 1 the daemon does not start, 4 no engine and none can be had.
set -euo pipefail

# A plain `su` or a bare CI shell leaves these out, and dockerd looks for iptables and modprobe there.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

readonly LOG=/var/log/dockerd-devinfra.log
readonly PATIENCE_S=60
readonly UNKNOWN='its default address'

say() { printf 'engine: %s\n' "$*" >&2; }

give_up() {
  say "$1"
  shift
  printf '  %s\n' "$@" >&2
  exit 4
}

# The server's part of `docker version`: a client alone prints its own version and fails. Nothing
# that answers on its first try needs five seconds; a dead SSH or TCP address would take minutes.
server_version() {
  command -v docker >/dev/null || return 1
  local version
  version=$(timeout 5 docker version --format '{{.Server.Version}} (API {{.Server.APIVersion}})' 2>/dev/null) || return 1
  [[ -n $version && $version != *"<no value>"* ]] || return 1
  printf '%s' "$version"
}

where() {
  if [[ -n ${DOCKER_HOST:-} ]]; then
    printf '%s' "$DOCKER_HOST"
  else
    timeout 5 docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || printf '%s' "$UNKNOWN"
  fi
}

is_debian_or_ubuntu() {
  [[ -r /etc/os-release ]] || return 1
  local ids
  # shellcheck source=/dev/null
  ids=$(. /etc/os-release && printf ' %s %s ' "${ID:-}" "${ID_LIKE:-}")
  [[ $ids == *" debian "* || $ids == *" ubuntu "* ]]
}

has_systemd() { [[ -d /run/systemd/system ]]; }

install_engine() {
  say "no engine answers and I am root on Debian or Ubuntu: installing docker.io"
  export DEBIAN_FRONTEND=noninteractive
  local packages=(docker.io ca-certificates)
  apt-get -qq update
  # Up to Debian 12 the client is part of docker.io. Since Debian 13 it is a package of its own that
  # docker.io only recommends.
  if ! command -v docker >/dev/null && [[ -n $(apt-cache search --names-only '^docker-cli$') ]]; then
    packages+=(docker-cli)
  fi
  apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "${packages[@]}" >/dev/null
}

# A machine that was switched off leaves pid files behind where /var/run is on disk. By then another
# process may have that number, and dockerd would refuse to start because of it.
drop_stale_pid_files() {
  local file pid
  for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
    [[ -s $file ]] || continue
    pid=$(<"$file")
    case $(cat "/proc/$pid/comm" 2>/dev/null || true) in
      dockerd | containerd) ;;
      *) rm -f "$file" ;;
    esac
  done
}

# Starts a daemon that outlives this script and its terminal. $@: options for dockerd.
spawn_dockerd() {
  drop_stale_pid_files
  printf '\n--- %s: dockerd %s\n' "$(date -u +%FT%TZ)" "$*" >>"$LOG"
  # 9 is the lock of this script: the daemon must not keep it.
  setsid nohup dockerd "$@" >>"$LOG" 2>&1 </dev/null 9>&- &
  daemon=$!
}

# Waits until the daemon answers (0), is gone (1), or the patience is over (2).
wait_for_daemon() {
  local deadline=$((SECONDS + PATIENCE_S))
  while ((SECONDS < deadline)); do
    if server_version >/dev/null; then return 0; fi
    if ! kill -0 "$daemon" 2>/dev/null; then return 1; fi
    sleep 0.2
  done
  return 2
}

last_words() { tail -n 200 "$LOG" | grep -v 'level=info' | tail -n "${1:-5}" | sed 's/^/  /' >&2; }

start_engine() {
  if has_systemd; then
    # The package has started it, unless a policy forbade that or somebody stopped it.
    say "starting the docker service"
    if systemctl start docker && server_version >/dev/null; then return 0; fi
    say "the docker service does not start; see: journalctl -u docker"
    exit 1
  fi
  if pgrep -x dockerd >/dev/null; then
    say "a dockerd is running already; waiting for it"
    daemon=$(pgrep -o -x dockerd)
    if wait_for_daemon; then return 0; fi
    say "a dockerd runs (process $daemon) but does not answer at $(where)"
    exit 1
  fi
  say "starting dockerd (log: $LOG)"
  spawn_dockerd
  if wait_for_daemon; then return 0; fi
  if ! kill -0 "$daemon" 2>/dev/null && tail -n 50 "$LOG" | grep -qi iptables; then
    # A kernel without netfilter. Published ports still work then, through docker's own proxy;
    # containers can't reach the world, and need not.
    say "dockerd could not use iptables; trying without"
    last_words 1
    spawn_dockerd --iptables=false --ip6tables=false --ip-masq=false
    if wait_for_daemon; then return 0; fi
  fi
  say "dockerd did not start; the end of $LOG:"
  last_words
  # Only a daemon that this script has started.
  kill "$daemon" 2>/dev/null || true
  exit 1
}

main() {
  local version
  if version=$(server_version); then
    say "using the one at $(where), $version"
    return
  fi
  # The client looks somewhere else than where an installed engine would listen.
  local address named_by='the docker context'
  if [[ -n ${DOCKER_HOST:-} ]]; then named_by=DOCKER_HOST; fi
  address=$(where)
  case $address in
    unix:///var/run/docker.sock | unix:///run/docker.sock | "$UNKNOWN") ;;
    *) give_up "none answers at $address, which $named_by names" \
      "start that one, or unset DOCKER_HOST and DOCKER_CONTEXT (docker context use default)" ;;
  esac
  if ! is_debian_or_ubuntu; then
    give_up "none answers" "install and start one (Docker Engine, Docker Desktop, Podman with its socket), then try again"
  fi
  if ((EUID != 0)); then
    give_up "none answers, and only root can install one" \
      "either: sudo tests/setup/engine.sh" \
      "or:     sudo apt-get install docker.io && sudo systemctl start docker && sudo usermod -aG docker \$USER (then log in again)"
  fi

  # One at a time: two that start the daemon at once would fight for its pid file.
  exec 9>/var/lock/devinfra-engine.lock
  flock -w 300 9 || { say "another engine.sh has been at it for five minutes"; exit 1; }
  if ! server_version >/dev/null; then
    if ! command -v dockerd >/dev/null; then install_engine; fi
    if ! server_version >/dev/null; then start_engine; fi
  fi
  version=$(server_version)
  say "ready at $(where), $version"
}

main
