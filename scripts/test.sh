# shellcheck shell=bash disable=SC2034
# Every test, in an order that keeps two cores busy: while the tests of one configuration wait for
# their servers, the next configuration compiles. Sourced by dev.
#
# A runner is a command whose output ends with doctest's summary or with a line
# "N passed, N failed[, N skipped]":
#
#   run_in_background NAME COMMAND...    starts it; its output goes to build/logs/NAME.log
#   finish [LEFT]                        waits until no more than LEFT (0) are under way, and counts

runner_limit=1500  # seconds; the longest takes two minutes on two idle cores

total_passed=0 total_failed=0 total_skipped=0
declare -A runners=()  # process -> name

run_in_background() {
  local name=$1; shift
  (
    started=$SECONDS status=0
    timeout --kill-after=20 "$runner_limit" "$@" >"$logs/$name.log" 2>&1 &
    trap 'kill $!' TERM  # when somebody interrupts us
    wait $! || status=$?
    echo "$status $((SECONDS - started))" >"$logs/$name.status"
  ) &
  runners[$!]=$name
}

finish() {
  local process
  while ((${#runners[@]} > ${1:-0})); do
    wait -n -p process "${!runners[@]}" || true
    count "${runners[$process]}"
    unset "runners[$process]"
  done
}

# count NAME: adds a finished runner's figures to the totals and says them.
count() {
  local name=$1 status seconds passed failed skipped
  read -r status seconds <"$logs/$name.status" || status=1 seconds=0
  read -r passed failed skipped < <(figures "$logs/$name.log")
  if ((status != 0 && failed == 0)); then  # died, or never came to its summary
    failed=1
    say "$name ended with status $status$( ((status == 124)) && echo " (took longer than $runner_limit s)")"
  fi
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  total_skipped=$((total_skipped + skipped))
  say "$name: $(sentence "$passed" "$failed" "$skipped") in $seconds s"
  if ((failed > 0)); then
    grep -n -m 40 -A 12 -E 'ERROR|FATAL|FAILED|WARNING: ThreadSanitizer|runtime error' "$logs/$name.log" |
      head -n 120 || true
    say "all of it: $logs/$name.log"
  fi
}

# figures LOG: "passed failed skipped". doctest calls what its filters left out skipped; that is
# not counted, because another runner has it.
figures() {
  awk '
    /^\[doctest\] test cases:/ {
      gsub(/[^0-9]+/, " "); split($0, n, " "); passed += n[2]; failed += n[3]; next
    }
    /^[0-9]+ passed, [0-9]+ failed/ { last = $0 }
    END {
      if (last != "") { gsub(/[^0-9]+/, " ", last); split(last, n, " ")
                        passed += n[1]; failed += n[2]; skipped += n[3] }
      print passed + 0, failed + 0, skipped + 0
    }' "$1"
}

sentence() {
  printf '%d passed, %d failed' "$1" "$2"
  if (($3 > 0)); then printf ', %d skipped' "$3"; fi
}

# run_tests NAME CONFIGURATION VERSIONS [DOCTEST_OPTION...]: the suites without a server and those with.
run_tests() {
  local name=$1 configuration=$2 versions=$3; shift 3
  [[ -x build/$configuration/tests/pgrant_tests ]] || return 0  # counted when it was built
  # The same random cases each time, so that a run says something about the change and nothing else;
  # `./dev soak` draws new ones.
  local program=(env PGRANT_TEST_VERSIONS="$versions" PGRANT_TEST_SEED="${seed:-1}" "$PWD/build/$configuration/tests/pgrant_tests"
    --no-version --force-colors=false "$@")
  if [[ $configuration == tsan && $(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null) -gt 28 ]]; then
    program=(setarch -R "${program[@]}")  # g++ 12's runtime knows only the smaller layout
  fi
  # Undefined behaviour is a failure, not a remark.
  local options=(env UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    TSAN_OPTIONS=exitcode=66
    ASAN_OPTIONS=detect_stack_use_after_return=1
    ASAN_SYMBOLIZER_PATH=/usr/lib/llvm-19/bin/llvm-symbolizer)
  run_in_background "$name" "${options[@]}" "${program[@]}"
}

test_all() {
  trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
  rm -f "$logs"/*.status
  packages_install build tests servers cron sanitizers format bindings
  servers_fetch &
  local fetching=$!
  build_or_count release
  wait "$fetching" || { total_failed=$((total_failed + 1)); say "servers are missing"; }

  # Tests wait for their servers half of the time: three runners, or two beside a build, keep two
  # cores busy, and more would be in each other's way.
  run_in_background checks ./scripts/check_all
  run_tests release release 14,16,18
  run_tests release-15-17 release 15,17 --test-suite='integration*'
  build_or_count asan
  build_or_count tsan
  finish 2
  run_tests asan asan 15,18
  finish 2
  run_tests tsan tsan 18
  # Each folder of tests with a program `run` in it has a runner of its own.
  local runner
  for runner in tests/*/run; do
    [[ -x $runner ]] || continue
    finish 2
    run_in_background "$(basename "$(dirname "$runner")")" \
      env PGRANT_TEST_SEED="${seed:-1}" "$runner" build/release
  done
  finish

  sentence "$total_passed" "$total_failed" "$total_skipped"
  echo
  ((total_failed == 0))
}

# A configuration that does not build is a failure; what can be tested without it still is.
build_or_count() {
  rm -f "build/$1/tests/pgrant_tests"
  build_configuration "$1" || total_failed=$((total_failed + 1))
}

# soak MINUTES: whole rounds, until the time is over.
soak() {
  local until=$((SECONDS + $1 * 60)) round=0
  while ((SECONDS < until)); do
    round=$((round + 1))
    seed=$(((RANDOM << 15) + RANDOM))
    say "round $round: PGRANT_TEST_SEED=$seed"
    runner_limit=14400
    export PGRANT_SOAK=1
    run_tests asan asan 14,15,16,17,18
    run_in_background fault env PGRANT_FAULT=long PGRANT_TEST_SEED="$seed" tests/fault/run build/release
    finish
    run_in_background fuzz env PGRANT_FUZZ_SECONDS=600 tests/fuzz/run build/release
    finish
    ((total_failed == 0)) || return 1
  done
  say "$round rounds"
}
