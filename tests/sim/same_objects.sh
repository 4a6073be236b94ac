#!/bin/bash
# same_objects.sh - daemon, agent and simulators are linked from the same objects. Usage: same_objects.sh SOURCE_DIR BUILD_DIR. Prints TAP.
#
# Compared, as ninja knows them, are the object files (path and source) of the rooms below that a program is linked from,
# directly or by an archive: 'keymuster' (simulate), tests/sim/worlds (which proves) and keymuster-agent have those of
# keymusterd, no more, no fewer, and each source of these rooms is in one object of a program. Not compared is what stands
# for the world around: of keys/ the simulator has its own (sim/fake_keys.c), of store/ it opens memory.c where the daemon
# opens sqlite.c (tests/unit/test_store_lockstep.c), and agent/ and net/ it has not.
set -u
build=$2
# shellcheck source=tests/lib/tap.sh
. "$1/tests/lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# Each object of the build and its source.
ninja -C "$build" -t compdb | awk -F'"' '/^    "file"/ { source = $4 } /^    "output"/ { sub(/^.*\/src\//, "src/", source); print $4, source }' |
	sort >"$tmp/sources"

# objects PROGRAM ROOM: those of the room that it is linked from, each with its source.
objects() { ninja -C "$build" -t inputs "$1" | grep '\.o$' | sort | join - "$tmp/sources" | grep " src/$2/"; }

compare() { # PROGRAM ROOM...
	local program=$1 room
	shift
	for room; do
		objects src/cmd/keymusterd "$room" >"$tmp/daemon"
		objects "$program" "$room" >"$tmp/program"
		if [ -s "$tmp/program" ] && cmp -s "$tmp/daemon" "$tmp/program" && [ -z "$(cut -d' ' -f2 "$tmp/program" | sort | uniq -d)" ]; then
			say ok "$program has the $(wc -l <"$tmp/program") objects of $room/ that keymusterd has"
		else
			say "not ok" "$program has other objects of $room/ than keymusterd, or a source twice"
			diff "$tmp/daemon" "$tmp/program" | sed 's/^/# /'
		fi
	done
}

compare src/cmd/keymuster base plan wire store ca tp
compare tests/sim/worlds base plan wire store ca tp
compare src/cmd/keymuster-agent base plan wire tp
tap_end
