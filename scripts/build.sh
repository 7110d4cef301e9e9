# shellcheck shell=bash disable=SC2034
# Configurations of CMakePresets.json, each in build/<name>. Sourced by dev.

# build_configuration NAME [TARGET...]: everything unless targets are named.
build_configuration() {
  local name=$1 started=$SECONDS target=()
  shift
  if (($#)); then target=(--target "$@"); fi
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_C_COMPILER_LAUNCHER=ccache
  fi
  say "building $name"
  # The file lists in CMake are globs: configure anew, so that new files are seen.
  logged "configure-$name" cmake --preset "$name" || return
  logged "build-$name" cmake --build "build/$name" "${target[@]}" || return
  say "built $name in $((SECONDS - started)) s"
}
