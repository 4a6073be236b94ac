#!/bin/bash
# same_objects.sh - daemon and simulator run the same objects. Usage: same_objects.sh BUILDDIR. Prints TAP.
set -u
build=$1
n=0
say() {
	n=$((n + 1))
	echo "$1 $n - $2"
}
# archives PROGRAM: those of our rooms that it is linked from.
archives() { ninja -C "$build" -t query "$1" | grep -oE 'src/[a-z]+/lib[a-z_]+\.a$' | sort -u; }

daemon=$(archives src/cmd/keymusterd)
simulator=$(archives src/cmd/keymuster)
for room in plan wire store ca; do
	ours=$(grep "^src/$room/" <<<"$simulator" | grep -v sqlite)
	theirs=$(grep "^src/$room/" <<<"$daemon" | grep -v sqlite)
	if [ -n "$ours" ] && [ "$ours" = "$theirs" ]; then
		say ok "both programs link $(echo $ours)"
	else
		say "not ok" "$room: keymuster links '$ours', keymusterd '$theirs'"
	fi
done
# Each source of these rooms is compiled once: there is no second object that could differ.
for room in plan wire ca tp; do
	twice=$(ninja -C "$build" -t targets all | grep -oE "[^ ]*/src_$room""_[a-z_0-9]+\.c\.o|src/$room/[^ ]*\.c\.o" | sed -E "s#.*/##; s/^src_${room}_//" |
		sort | uniq -d)
	if [ -z "$twice" ]; then
		say ok "each source of $room is compiled once"
	else
		say "not ok" "sources of $room are compiled twice: $twice"
	fi
done
echo "1..$n"
