# shellcheck shell=bash disable=SC2034
# Debian packages, installed when something of them is missing. Sourced by dev.

# PACKAGE or PACKAGE:COMMAND; with a command, whoever provides it will do.
packages_build=(g++:g++ cmake:cmake ninja-build:ninja pkg-config:pkg-config libboost1.81-dev
  libboost-json1.81-dev libpq-dev libssl-dev libcli11-dev libyaml-cpp-dev)
packages_tests=(doctest-dev python3-pytest)
packages_bindings=(abigail-tools:abidiff dpkg-dev:dpkg-shlibdeps file:file golang-1.19-go mypy
  python3-venv python3-pip python3-setuptools python3-wheel python3-build)
packages_servers=(npm:npm postgresql-client:psql)
packages_cron=(postgresql-15-cron)  # jobs inside of a server, for the tests that end them
packages_sanitizers=(clang-19:clang++-19 libclang-rt-19-dev llvm-19)  # llvm: names in reports
packages_bench=(golang-1.19-go)
packages_format=(clang-format-19:clang-format-19)
packages_tidy=(clang-19:clang++-19 clang-tidy-19:clang-tidy-19)

# packages_install GROUP...: installs what of these groups is not there.
packages_install() {
  local group package missing=()
  # Elsewhere CMake says what it does not find.
  command -v apt-get >/dev/null || return 0
  for group; do
    local -n members=packages_$group
    for package in "${members[@]}"; do
      package_is_there "$package" || missing+=("${package%%:*}")
    done
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      { echo "missing packages; as root: apt-get install ${missing[*]}" >&2; return 1; }
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  logged packages package_run "${as_root[@]}"
}

package_run() {
  local apt=("$@" env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300)
  # Where nothing outlives a power failure anyway, waiting for the disk takes most of the time.
  [[ -d /run/systemd/system ]] || apt+=(-o Dpkg::Options::=--force-unsafe-io)
  "${apt[@]}" update
  "${apt[@]}" install --no-install-recommends "${missing[@]}"
}

package_is_there() {
  case $1 in
    *:*) command -v "${1#*:}" >/dev/null ;;
    *) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ;;
  esac
}
