#!/bin/bash
# seeds.sh - worlds that once broke an invariant hold now. Usage: seeds.sh WORLDS SEEDS.TXT. Prints TAP.
set -u
n=0
while IFS=$'\t' read -r world why; do
	[ "${world#\#}" = "$world" ] || continue
	n=$((n + 1))
	# shellcheck disable=SC2086
	if out=$("$1" $world); then
		echo "ok $n - $why"
	else
		echo "not ok $n - $why"
		echo "$out" | sed 's/^/# /'
	fi
done <"$2"
echo "1..$n"
