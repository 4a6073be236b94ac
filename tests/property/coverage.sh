#!/bin/bash
# coverage.sh - every branch of plan is taken by its tests. Prints TAP. Usage: coverage.sh SOURCE_DIR
set -u
src=$(cd "$1" && pwd) || exit 1
# shellcheck source=tools/tap.sh
. "$src/tools/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

for c in "$src"/src/plan/*.c; do gcc -std=c17 -D_GNU_SOURCE -O0 -w --coverage -I"$src/src" -c "$c" || exit 1; done
planned=(*.o)
failed=
for test in "$src"/tests/property/{plan,rules}_*.c "$src"/tests/unit/test_{plan_*,rules}.c; do
	gcc -std=c17 -D_GNU_SOURCE -O1 -w -I"$src/src" -o t "$test" "${planned[@]}" "$src"/src/base/when.c --coverage -lcmocka -Wl,--as-needed &&
		./t >t.out 2>&1 || failed+="$(basename "$test") fails"$'\n'
done
rule "the tests of plan pass" "${failed%$'\n'}"
for c in "$src"/src/plan/*.c; do
	name=$(basename "$c" .c)
	rule "every line and branch of src/plan/$name.c is taken" "$(gcov -b -t "$name.o" 2>/dev/null | awk -v name="$name.c" '
		/^ *-: *0:Source:/ { ours = $0 ~ "/" name "$" }
		!ours { next }
		/^ *#####:/ { sub(/^ *#####: */, ""); print name ":" $0 " is not run"; n++ }
		/^ *[0-9*]+: *[0-9]+:/ { split($0, part, ":"); at = part[2] + 0; lines++ }
		/^branch .*(never executed|taken 0%)/ { print name ":" at ": " $0; n++ }
		/^branch / { branches++ }
		END { if (!lines) print name ": no line is counted"; }')"
done
tap_end
