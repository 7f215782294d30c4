#!/usr/bin/env bash
# Decides which images the default stack or the tests run on, and has them ready: the real ones
# where they are here or can be pulled, else those of tests/images/build.sh.
#
#   tests/setup/images.sh           for `devinfra up` on the default stack
#   tests/setup/images.sh --tests   for the engine tests, which need a few more
#
# Prints the one word `registry` or `offline` on stdout, and why on stderr.
# DEVINFRA_TEST_IMAGES=registry|offline decides it beforehand.
set -euo pipefail

ROOT=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
readonly ROOT
# A registry that can be reached has begun to send by then.
readonly REACHABLE_S=${DEVINFRA_TEST_PULL_TIMEOUT:-15}
# A gigabyte on a slow line.
readonly PULLED_S=1200

say() { printf 'images: %s\n' "$*" >&2; }

# The images of the default stack: NAME from `image: ${VARIABLE:-NAME}`, unless the variable is set.
real_images() {
  local variable default
  while read -r variable default; do
    printf '%s\n' "${!variable:-$default}"
  done < <(sed -nE 's/^ *image: \$\{([A-Z_]+):-(.+)\}$/\1 \2/p' "$ROOT/templates/kohakuhub.yaml")
}

is_local() { docker image inspect "$1" >/dev/null 2>&1; }

# Pulls those of $@ that are missing, all at once. Fails as soon as one can't be had, with the
# reason in $reason.
pull_missing() {
  local image logs deadline pid status=0 began
  local -A pulls=() log_of=()
  logs=$(mktemp -d)
  for image; do
    is_local "$image" && continue
    log_of[$image]=$(mktemp -p "$logs")
    docker pull "$image" >"${log_of[$image]}" 2>&1 </dev/null &
    pulls[$!]=$image
  done
  if ((${#pulls[@]})); then say "pulling ${pulls[*]}"; fi
  began=$SECONDS
  while ((${#pulls[@]})); do
    for pid in "${!pulls[@]}"; do
      image=${pulls[$pid]}
      if ! kill -0 "$pid" 2>/dev/null; then
        if wait "$pid"; then unset "pulls[$pid]"; continue; fi
        reason="$image: $(tail -n 1 "${log_of[$image]}")"
        status=1
      else
        # Its first line, "TAG: Pulling from REPOSITORY", comes when the registry has answered.
        deadline=$REACHABLE_S
        if grep -q 'Pulling from' "${log_of[$image]}"; then deadline=$PULLED_S; fi
        ((SECONDS - began < deadline)) && continue
        reason="$image: not pulled within $deadline s"
        status=1
      fi
      break 2
    done
    sleep 0.1
  done
  for pid in "${!pulls[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$logs"
  return "$status"
}

# Those that the engine tests take from a registry: `registry: "NAME"` in their table.
test_images() { sed -nE 's/^ *registry: "(.+)",$/\1/p' "$ROOT/tests/engine/support/images.rs"; }

offline() {
  "$ROOT/tests/images/build.sh"
  echo offline
}

main() {
  local images=()
  case ${1:-} in
    '') mapfile -t images < <(real_images) ;;
    --tests) mapfile -t images < <({ real_images; test_images; } | sort -u) ;;
    *) say "unknown argument: $1"; exit 2 ;;
  esac
  ((${#images[@]})) || { say "found no names of images"; exit 1; }
  reason=
  case ${DEVINFRA_TEST_IMAGES:-} in
    offline)
      say "the offline ones (DEVINFRA_TEST_IMAGES=offline)"
      offline
      ;;
    registry)
      say "the real ones (DEVINFRA_TEST_IMAGES=registry)"
      pull_missing "${images[@]}" || { say "$reason"; exit 1; }
      echo registry
      ;;
    '')
      if pull_missing "${images[@]}"; then
        say "the real ones: all are here"
        echo registry
      else
        say "the offline ones; the real ones can't be had ($reason)"
        offline
      fi
      ;;
    *)
      say "DEVINFRA_TEST_IMAGES is '$DEVINFRA_TEST_IMAGES'; it may be registry or offline"
      exit 2
      ;;
  esac
}

main "$@"
