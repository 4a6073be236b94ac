#!/bin/bash
# bench.sh - measure a daemon on this machine: table on the screen, figures in build/bench.json. Usage: bench.sh [quick]
set -eu
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
ninja -C "$build" --quiet keymusterd keymuster keymuster-agent tests/bench/load tests/bench/bench_fill tests/interop/client tests/sim/worlds
python3 tests/bench/bench.py "$build/keymusterd" "$build/tests/bench/load" "$build/tests/bench/bench_fill" \
	examples/rootca.conf "$build/bench.json" "$@"
tests/bench/simulator.sh "$build/tests/sim/worlds"
# Nearly all of it is copied, and no key is made: a minute.
python3 tests/bench/agents.py "$build/keymusterd" "$build/keymuster" "$build/tests/interop/client" "$build/keymuster-agent" "$build/tests/bench/bench_keys" 10000 2048 20 sizes copied
python3 tests/bench/storm.py "$build/keymusterd" "$build/keymuster" "$build/tests/bench/load" 5000 60
