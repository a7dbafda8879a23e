# Sourced by scripts/test and scripts/test-more: steps that are told while they run, and a table of where the time went.
step_names=()
step_starts=()
cpu=0
count_cpu() { # file: sets cpu to the CPU seconds of this shell's finished children; a subshell would count its own
  times >"$1"
  cpu=$(tail -n 1 "$1" | awk '{ split($1, u, "[ms]"); split($2, s, "[ms]"); printf "%d", u[1] * 60 + u[2] + s[1] * 60 + s[2] }')
}
step() { # name
  step_names+=("$1"); step_starts+=("$SECONDS")
  printf '\n== %s (%d s)\n' "$1" "$SECONDS"
}
steps_end() {
  step_starts+=("$SECONDS")
  count_cpu .cache/times
  printf '\n%-52s %7s\n' "where the time went" "seconds"
  local i
  for i in "${!step_names[@]}"; do
    printf '%-52s %7d\n' "${step_names[$i]}" "$((step_starts[i + 1] - step_starts[i]))"
  done
  printf '%-52s %7d   (%d CPU s)\n' "all" "$SECONDS" "$cpu"
}

# Suites of pytest run side by side, each with a log and an exit code in .cache.
suite_names=()
suite() { # name, path...
  local name=$1; shift
  suite_names+=("$name")
  (
    code=0
    began=$SECONDS
    PYTHONPATH=tests:tests/local .cache/venv/bin/python -m pytest -q "$@" >".cache/$name.log" 2>&1 || code=$?
    count_cpu ".cache/$name.times"
    echo "$((SECONDS - began)) s ($cpu CPU s)" >".cache/$name.took"
    echo "$code" >".cache/$name.code"
  ) &
}
suites_wait() { # prints each log; fails if a suite failed
  wait
  local failed=0 name
  for name in "${suite_names[@]}"; do
    cat ".cache/$name.log"
    [ "$(cat ".cache/$name.code" 2>/dev/null)" = 0 ] || failed=1
  done
  printf '\nsuites, side by side:\n'
  for name in "${suite_names[@]}"; do printf '  %-12s %s\n' "$name" "$(cat ".cache/$name.took")"; done
  return "$failed"
}
