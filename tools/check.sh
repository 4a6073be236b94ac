#!/bin/bash
# check.sh - build with every tool, run every test, count. Usage: check.sh quick|check|soak
#
# build-check: gcc, release flags, crash points. build-asan: clang, address and undefined behaviour. build-tsan: threads.
# build-user: as a user builds it, without crash points.
# The last line is "N passed, N failed"; exit 1 if anything failed or nothing ran.
set -u
cd "$(dirname "$0")/.." || exit 1
how=${1:-check}

unset "${!KEYMUSTER_@}"
export LC_ALL=C.UTF-8 TZ=UTC CMOCKA_MESSAGE_OUTPUT=TAP
export MESON_TESTTHREADS=$(($(nproc) + 1)) # many wait for clocks and peers
here=$(mktemp -d "${TMPDIR:-/tmp}/keymuster-$how.XXXXXX") || exit 1
trap 'rm -rf "$here"' EXIT
trap 'exit 130' INT TERM
export TMPDIR=$here/tmp
mkdir -m 0755 "$TMPDIR"
chmod 0755 "$here"
results=()

give_up() {
	echo "not ok - $1"
	[ $# -lt 2 ] || tail -n 60 "$2" | sed 's/^/    /'
	echo "0 passed, 1 failed"
	exit 1
}

# ready DIR CC OPTION...: configure once, build, every warning an error.
ready() {
	local dir=$1 cc=$2
	shift 2
	if [ ! -f "$dir/build.ninja" ]; then
		CC=$cc meson setup "$dir" -Dwerror=true "$@" >"$here/log" 2>&1 || give_up "$dir cannot be configured" "$here/log"
	fi
	ninja -C "$dir" $targets >"$here/log" 2>&1 || give_up "$dir cannot be built" "$here/log"
}

# suites_in DIR SUITE...: those of the named suites that have tests.
suites_in() {
	local dir=$1
	shift
	meson introspect --tests "$dir" | python3 -c '
import json, sys
have = {s.split(":")[-1] for t in json.load(sys.stdin) for s in t["suite"]}
print(*(s for s in sys.argv[1:] if s in have))' "$@"
}

# run DIR SUITE...: what went wrong is told by the log, which the tally reads.
run() {
	local dir=$1 suite args=()
	shift
	for suite in $(suites_in "$dir" "$@"); do args+=(--suite "$suite"); done
	[ ${#args[@]} -gt 0 ] || return 0
	rm -f "$dir"/meson-logs/testlog.json
	meson test -C "$dir" --no-rebuild -t "$patience" "${args[@]}" >"$here/log" 2>&1
	[ -s "$dir/meson-logs/testlog.json" ] || give_up "$dir: no test ran" "$here/log"
	results+=("$here/$dir.${#results[@]}.json")
	cp "$dir/meson-logs/testlog.json" "${results[-1]}" # the next run writes its own there
}

# script NAME COMMAND...: beside all else, until the tally.
script() {
	local out=$here/$1.tap
	shift
	{
		"$@" >"$out" 2>"$out.err"
		echo $? >"$out.rc"
		cat "$out.err" >>"$out"
	} &
	results+=("$out")
}

sanitized() {
	export KEYMUSTER_SANDBOX=off # sanitizers make calls of their own
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1
	export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
	patience=$((patience * 3))
}
targets= # of ninja; empty: all

plain() {
	unset KEYMUSTER_SANDBOX ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS
	patience=$1
}

release=(--buildtype=debugoptimized -Doptimization=2 -Dcrash_points=true)
asan=(--buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false -Dcrash_points=true)
tsan=(--buildtype=debug -Doptimization=1 -Db_sanitize=thread -Db_lundef=false)

# everything PATIENCE BUILD: conformance in the sanitized build; soak asks for so much of it that it wants the fast one.
everything() {
	local patience_plain=$1 deep=$2 more

	plain "$patience_plain"
	ready build-check gcc "${release[@]}"
	script rooms tools/rooms.sh build-check
	if [ "$deep" = build-asan ]; then more=(); else more=(conformance); fi
	run build-check unit unit-long story sim property fuzz interop crash bench-smoke "${more[@]}"

	targets='src/cmd/keymusterd src/cmd/keymuster src/cmd/keymuster-agent tests/crash/keymusterd_crash'
	ready build-user gcc --buildtype=debug
	targets=
	sanitized
	ready build-asan clang "${asan[@]}"
	if [ "$deep" = build-asan ]; then more=(conformance); else more=(unit-long property sim-soak interop-soak); fi
	run build-asan unit story sim fuzz interop "${more[@]}"

	plain "$patience_plain"
	sanitized
	targets=tests/unit/test_signer # the only process with threads
	ready build-tsan clang "${tsan[@]}"
	run build-tsan thread
}

script style tools/style.sh
case $how in
quick)
	export KEYMUSTER_QUICK=1
	plain 1
	sanitized
	ready build-asan clang "${asan[@]}"
	script rooms tools/rooms.sh build-asan
	run build-asan unit story
	;;
check)
	everything 1 build-asan
	;;
soak)
	export KEYMUSTER_SOAK=1
	everything 40 build-check
	plain 40
	run build-check soak
	;;
*)
	echo "usage: check.sh quick|check|soak" >&2
	exit 2
	;;
esac
wait
python3 tools/tally.py "${results[@]}"
