#!/bin/bash
# bench.sh - measure a daemon on this machine: table on the screen, figures in build/bench.json. Usage: bench.sh [quick]
set -eu
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
ninja -C "$build" --quiet keymusterd keymuster tests/bench/load tests/bench/bench_fill
python3 tests/bench/bench.py "$build/keymusterd" "$build/tests/bench/load" "$build/tests/bench/bench_fill" \
	examples/rootca.conf "$build/bench.json" "$@"
python3 tests/bench/storm.py "$build/keymusterd" "$build/keymuster" "$build/tests/bench/load" 5000 60
