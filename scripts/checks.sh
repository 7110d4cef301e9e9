# shellcheck shell=bash disable=SC2034
# Form: formatting, clang-tidy. Sourced by dev.

sources() { git ls-files -- "*.cpp" "*.hpp" "*.h" "*.c"; }

format_sources() {
  if [[ ${1:-} == --check ]]; then
    sources | xargs -r clang-format-19 --dry-run --Werror
  else
    sources | xargs -r clang-format-19 -i
  fi
}

# tidy_sources [FILE...]
tidy_sources() {
  logged configure-dev cmake --preset dev
  if [[ $# -eq 0 ]]; then
    mapfile -t files < <(git ls-files -- 'src/*.cpp' 'capi/*.cpp')
    set -- "${files[@]}"
  fi
  printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 clang-tidy-19 --quiet -p build/dev
}
