#!/bin/sh
# Starts Valkey the way the official image does, as far as devinfra can see.
set -eu

case ${1-} in
  -* | *.conf) set -- valkey-server "$@" ;;
esac

if [ "${1-}" = valkey-server ]; then
  if [ "$(id -u)" = 0 ]; then
    # The working directory is the data directory, often a bind mount that belongs to someone else.
    find . \! -user valkey -exec chown valkey '{}' +
    exec setpriv --reuid=valkey --regid=valkey --clear-groups "$0" "$@"
  fi
  if ! [ -w . ]; then
    echo "error: directory is not writable by current user ($(id -u))" >&2
    echo "  give $(pwd) to that user, or start the container as root" >&2
    exit 1
  fi
  # Debian's server refuses everyone but itself unless told otherwise; the official image is
  # built with this as its default. The extra flags are meant to be split into words.
  # shellcheck disable=SC2086
  set -- "$@" --protected-mode no ${VALKEY_EXTRA_FLAGS-}
fi

umask 0077
exec "$@"
