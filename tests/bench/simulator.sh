#!/bin/bash
# simulator.sh - measure the simulator: events a second, and a world of ten thousand clients. Usage: simulator.sh WORLDS
set -eu

# row WHAT UNIT LIMIT PATTERN ARGUMENT...: the number that worlds prints behind or before its unit, of CPU time.
row() {
	local what=$1 unit=$2 limit=$3 pattern=$4 out
	shift 4
	out=$("$worlds" "$@") || {
		echo "$out" >&2
		exit 1
	}
	printf '%-46s %s %s (%s)\n' "$what" "$(sed -nE "s/.* $pattern.*/\1/p" <<<"$out")" "$unit" "$limit"
}

worlds=$1
row 'simulator, default world, heavy faults' events/s 'at least 100000' '([0-9]+) a second' --faults heavy --count 10
row 'simulator, 10000 clients, 12 years' s 'at most 120' '([0-9.]+) s,' --faults heavy --clients 10000
