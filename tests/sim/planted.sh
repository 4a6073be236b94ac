#!/bin/bash
# planted.sh - puts each bug of planted.txt in, and has the simulator find it. Prints TAP.
# Usage: planted.sh SOURCE_DIR {seeds|COUNT} [NAME...] - by the seed that is noted, or within so many from the first.
set -u
src=$1
how=$2
shift 2
only=" $* "
# shellcheck source=tests/lib/tap.sh
. "$src/tests/lib/tap.sh"
cc=${CC:-gcc}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$src" || exit 1

object() { echo "$tmp/$(echo "$1" | tr / _).o"; }
compile() { # SOURCE OBJECT [REAL PLACE]
	"$cc" -std=c17 -D_GNU_SOURCE -O2 -w -I"$src/src" -I"$src" -I"$src/tests" -iquote "$src/$(dirname "${3:-$1}")" -c "$1" -o "$2"
}
link() { # PROGRAM OBJECT...
	local program=$1
	shift
	"$cc" "$@" -o "$program" -lsqlite3 -lcrypto -lseccomp -levent_core -ljansson -lm -lpthread
}

objects=()
for file in src/base/*.c src/plan/*.c src/wire/*.c src/sys/*.c src/keys/*.c src/store/*.c src/ca/*.c src/tp/*.c src/sim/*.c tests/lib/po*.c tests/sim/worlds.c; do
	compile "$file" "$(object "$file")" || exit 1
	objects+=("$(object "$file")")
done
link "$tmp/worlds" "${objects[@]}" || exit 1

# edits NAME: writes the changed files below $tmp/NAME, prints their paths; says what is wrong.
edits() {
	python3 - "$1" "$tmp/$1" <<'END'
import os, re, sys
name, out = sys.argv[1:]
block = next(b for b in re.split(r"^bug ", open("tests/sim/planted.txt").read(), flags=re.M)[1:] if b.split("\n")[0] == name)
texts, path = {}, None
for line, old, new in re.findall(r"^file ([^\n]+)$|^<<<\n(.*?)^===\n(.*?)^>>>$", block, flags=re.M | re.S):
    if line:
        path = line
        texts.setdefault(path, open(path).read())
    elif texts[path].count(old) != 1:
        sys.exit(f"{path} has this not once: {old}")
    else:
        texts[path] = texts[path].replace(old, new)
for path, text in texts.items():
    place = os.path.join(out, os.path.basename(path))
    os.makedirs(out, exist_ok=True)
    open(place, "w").write(text)
    print(path)
END
}

plant() { # NAME INVARIANTS ARGUMENTS
	local name=$1 want=$2 world=$3 files file linked out
	files=$(edits "$name" 2>"$tmp/why") || {
		say "not ok" "$name: $(paste -sd" " "$tmp/why")"
		return
	}
	linked=("${objects[@]}")
	for file in $files; do
		compile "$tmp/$name/$(basename "$file")" "$tmp/$name/$(basename "$file").o" "$file" 2>"$tmp/why" || {
			say "not ok" "$name does not compile: $(grep -m 1 error "$tmp/why")"
			return
		}
		for i in "${!linked[@]}"; do
			[ "${linked[i]}" != "$(object "$file")" ] || linked[i]=$tmp/$name/$(basename "$file").o
		done
	done
	link "$tmp/$name/worlds" "${linked[@]}" || return
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
