#!/bin/bash
# planted.sh - puts each bug of planted.txt in, and has the simulator find it. Prints TAP.
# Usage: planted.sh SOURCE_DIR BUILD_DIR {seeds|COUNT} [NAME...] - by the seed that is noted, or within so many from the first.
set -u
src=$1
build=$2
how=$3
shift 3
only=" $* "
# shellcheck source=tests/lib/tap.sh
. "$src/tests/lib/tap.sh"
cc=${CC:-gcc}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$src" || exit 1

archives=$(ninja -C "$build" -t query tests/sim/worlds | grep -oE '(src|tests)/[a-z/]+/lib[a-z_]+\.a$' | sort -u | sed "s#^#$build/#")

# build DIR FILE...: a program with the changed files of DIR; they stand before the archives, which lend only the others.
build() {
	local dir=$1 file objects=()
	shift
	for file; do
		objects+=("$dir/$file.o")
		"$cc" -std=c17 -D_GNU_SOURCE -O1 -w -Isrc -c "$dir/$file" -o "$dir/$file.o" || return
	done
	# shellcheck disable=SC2086
	"$cc" "${objects[@]}" "$build"/tests/sim/worlds.p/worlds.c.o -Wl,--start-group $archives -Wl,--end-group -lsqlite3 -lcrypto -lseccomp \
		-levent_core -ljansson -lm -o "$dir/worlds"
}

plant() { # NAME INVARIANTS ARGUMENTS
	local name=$1 want=$2 world=$3 files out
	# shellcheck disable=SC2086
	files=$(tests/sim/planted.py . "$name" "$tmp/$name" 2>"$tmp/why") && build "$tmp/$name" $files 2>"$tmp/why" || {
		say "not ok" "$name cannot be planted"
		sed 's/^/# /' "$tmp/why"
		return
	}
	[ "$how" = seeds ] || world="${world% --first *} --first 1 --count $how"
	# shellcheck disable=SC2086
	timeout 1800 "$tmp/$name/worlds" $world --want "$want" >"$tmp/out" 2>&1
	if out=$(grep -E "^# ($(echo "$want" | tr ' ' '|')) seed" "$tmp/out"); then
		say ok "$name is found: $(tail -n 1 <<<"$out" | cut -c3-)"
	else
		say "not ok" "$name is not found by $want"
		tail -n 5 "$tmp/out" | sed 's/^/# /'
	fi
}

while read -r word rest; do
	case $word in
	bug) name=$rest ;;
	finds) want=$rest ;;
	seed) [[ $only == "  " || $only == *" $name "* ]] && plant "$name" "$want" "$rest" ;;
	esac
done <tests/sim/planted.txt
tap_end
