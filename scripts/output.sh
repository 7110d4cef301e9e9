# shellcheck shell=bash disable=SC2034
# What the scripts say to people. Sourced by dev.

logs=build/logs
mkdir -p "$logs"

say() { printf '[%3d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }

# logged NAME COMMAND...: runs it with its output in build/logs/NAME.log, shown in part if it fails.
logged() {
  local name=$1; shift
  local log=$logs/$name.log
  "$@" >"$log" 2>&1 && return
  say "$name failed; the end of $log:" >&2
  tail -n 60 "$log" >&2
  return 1
}
