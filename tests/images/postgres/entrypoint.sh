#!/usr/bin/env bash
# Starts PostgreSQL the way the official image does, as far as devinfra can see: the same variables,
# the same order of steps, the same lines where tools read them. Only the wording inside is ours.
set -Eeuo pipefail

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$@" >&2; exit 1; }

# setting NAME DEFAULT: exports NAME from itself, or from the file that NAME_FILE names.
setting() {
  local name=$1 default=${2-} file_name="${1}_FILE"
  if [[ -n ${!name:-} && -n ${!file_name:-} ]]; then
    die "error: both $name and $file_name are set (but are exclusive)"
  fi
  local value=${!name:-$default}
  if [[ -n ${!file_name:-} ]]; then value=$(<"${!file_name}"); fi
  export "$name=$value"
  # Read once: the next user of this script may not be allowed to read the file.
  unset "$file_name"
}

# Options that only print something need no database.
only_asks() {
  local argument
  for argument; do
    case $argument in
      -'?' | --help | --describe-config | -V | --version | -C) return 0 ;;
    esac
  done
  return 1
}

is_initialised() { [[ -s $PGDATA/PG_VERSION ]]; }

make_directories() {
  mkdir -p "$PGDATA"
  # Fails on file systems without modes, and for a user who is not the owner. initdb judges that.
  chmod 0700 "$PGDATA" 2>/dev/null || true
  mkdir -p /var/run/postgresql 2>/dev/null || true
  chmod 03775 /var/run/postgresql 2>/dev/null || true
}

# As root: hands the directories to the server's user, then starts over as that user.
become_postgres() {
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  export HOME=/var/lib/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
}

require_password() {
  if [[ -n $POSTGRES_PASSWORD || $POSTGRES_HOST_AUTH_METHOD == trust ]]; then return; fi
  die "Error: Database is uninitialized and superuser password is not specified." \
    "       Give POSTGRES_PASSWORD a value that is not empty, for example" \
    '       "-e POSTGRES_PASSWORD=password" on "docker run", or allow connections without' \
    "       one by POSTGRES_HOST_AUTH_METHOD=trust."
}

init_database() {
  # initdb wants to know its user by name, and a `user:` of the stack file's need not have one.
  if ! getent passwd "$(id -u)" >/dev/null; then
    local wrapper
    wrapper=$(echo /usr/lib/*/libnss_wrapper.so)
    NSS_WRAPPER_PASSWD=$(mktemp)
    NSS_WRAPPER_GROUP=$(mktemp)
    printf 'postgres:x:%s:%s:PostgreSQL:%s:/bin/false\n' "$(id -u)" "$(id -g)" "$PGDATA" >"$NSS_WRAPPER_PASSWD"
    printf 'postgres:x:%s:\n' "$(id -g)" >"$NSS_WRAPPER_GROUP"
    export LD_PRELOAD=$wrapper NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
  fi
  # Quotes inside POSTGRES_INITDB_ARGS mean what they mean in a shell.
  local extra=()
  eval "extra=($POSTGRES_INITDB_ARGS)"
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${extra[@]}"
  if [[ -n ${NSS_WRAPPER_PASSWD:-} ]]; then
    rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
    unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
  fi
}

allow_hosts() {
  local method=$POSTGRES_HOST_AUTH_METHOD
  if [[ -z $method ]]; then method=$(postgres -C password_encryption "$@"); fi
  {
    printf '\n'
    if [[ $method == trust ]]; then printf '# No password is asked for, whoever connects.\n'; fi
    printf 'host all all all %s\n' "$method"
  } >>"$PGDATA/pg_hba.conf"
}

# The temporary server listens on its unix socket only: over TCP there is nothing until the end.
start_temporary_server() {
  local quoted
  quoted=$(printf '%q ' "$@" -c listen_addresses='' -p "${PGPORT:-5432}")
  PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -o "$quoted" -w start
}

stop_temporary_server() {
  PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -m fast -w stop
}

# Over the socket, where initdb's own `trust` line holds.
sql() {
  env -u PGHOST -u PGHOSTADDR psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password \
    --username "$POSTGRES_USER" "$@"
}

create_database() {
  local found
  found=$(sql --dbname postgres --tuples-only --set db="$POSTGRES_DB" <<<"SELECT 1 FROM pg_database WHERE datname = :'db';")
  if [[ -z $found ]]; then
    sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
    printf '\n'
  fi
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh)
        say "$0: running $file"
        if [[ -x $file ]]; then "$file"; else
          # shellcheck source=/dev/null
          . "$file"
        fi
        ;;
      *.sql) say "$0: running $file"; sql --dbname "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) say "$0: running $file"; gunzip -c "$file" | sql --dbname "$POSTGRES_DB" ;;
      */'*') ;;
      *) say "$0: ignoring $file" ;;
    esac
    printf '\n'
  done
}

main() {
  if [[ ${1:-} == -* ]]; then set -- postgres "$@"; fi
  if [[ ${1:-} != postgres ]] || only_asks "${@:2}"; then exec "$@"; fi

  setting POSTGRES_PASSWORD
  setting POSTGRES_USER postgres
  setting POSTGRES_DB "$POSTGRES_USER"
  setting POSTGRES_INITDB_ARGS
  : "${POSTGRES_HOST_AUTH_METHOD:=}"

  make_directories
  if (($(id -u) == 0)); then become_postgres "$@"; fi

  if is_initialised; then
    printf '\n%s\n\n' 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
    exec "$@"
  fi

  require_password
  # Look at them before they are needed: a folder that can't be read fails now.
  ls /docker-entrypoint-initdb.d/ >/dev/null
  init_database
  allow_hosts "${@:2}"
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  start_temporary_server "${@:2}"
  create_database
  run_init_files
  stop_temporary_server
  unset PGPASSWORD
  printf '\n%s\n\n' 'PostgreSQL init process complete; ready for start up.'
  exec "$@"
}

main "$@"
