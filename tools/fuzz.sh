#!/bin/bash
# fuzz.sh - run every fuzz target for a while. Usage: fuzz.sh [SECONDS [TARGET...]]
#
# Starts from tests/fuzz/corpus and what earlier runs found in build-fuzz/found. A crash is printed with its octets, its
# file stays in build-fuzz/crashes; exit 1.
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8
seconds=${1:-20}
shift $(($# > 0))
case $seconds in '' | *[!0-9]*)
	echo "usage: fuzz.sh [SECONDS [TARGET...]]" >&2
	exit 2
	;;
esac
build=build-fuzz
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

# libFuzzer counts edges in everything, so the rooms are compiled for it too.
if [ ! -f $build/build.ninja ]; then
	CC=clang meson setup $build -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false --buildtype=debug \
		-Doptimization=1 -Dc_args=-fsanitize=fuzzer-no-link >"$log" 2>&1 || { cat "$log"; exit 1; }
fi
ninja -C $build fuzz >"$log" 2>&1 || { tail -n 40 "$log"; exit 1; }
$build/tests/fuzz/dictionary >$build/words || exit 1

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
mkdir -p $build/crashes
bad=0
if [ $# -eq 0 ]; then
	for c in tests/fuzz/fuzz_*.c; do
		c=${c##*/fuzz_}
		set -- "$@" "${c%.c}"
	done
fi
for name in "$@"; do
	found=$build/found/$name
	words=()
	mkdir -p "$found"
	case $name in conf | command | edit) words=(-dict=$build/words) ;; esac
	before=$(find "$found" -type f | wc -l)
	if $build/tests/fuzz/fuzz_"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
		-print_final_stats=1 -artifact_prefix=$build/crashes/"$name"- ${words[@]+"${words[@]}"} "$found" \
		tests/fuzz/corpus/"$name" >"$log" 2>&1; then
		runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$log")
		edges=$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1)
		echo "ok - $name: ${runs:-0} runs, ${edges:-cov: 0}, $(($(find "$found" -type f | wc -l) - before)) new inputs"
	else
		bad=$((bad + 1))
		echo "not ok - $name"
		grep -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|INITED|RELOAD|READ)' "$log" | tail -n 60 | sed 's/^/    /'
	fi
done
[ $bad -eq 0 ]
