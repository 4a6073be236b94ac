#!/bin/bash
# check_tables.sh - compare tables in docs with what the source says. Prints TAP. Usage: check_tables.sh SOURCE_DIR
set -u
cd "${1:-.}" || exit 1
export LC_ALL=C.UTF-8
# shellcheck source=tools/tap.sh
. tools/tap.sh

# First column of every table: names in back quotes.
rows() { sed -nE 's/^\| `([^`]+)` \|.*/\1/p' "$1" | sort; }

# The names in an enum of a file, without those that only count or mean none.
names() {
	gcc -fpreprocessed -dD -E -P "$2" | tr '\n' ' ' | sed -nE "s/.*enum $1 \{([^}]*)\}.*/\1/p" |
		tr ',' '\n' | sed -E 's/[ \t]*([A-Z0-9_]*).*/\1/' | grep -vE '_(NONE|COUNT)$|^$'
}

# compare DOC NAMES: what one has and the other lacks.
compare() {
	[ -n "$2" ] || echo "the source names nothing"
	comm -3 <(rows "$1") <(sort -u <<<"$2") | awk -v doc="$1" '
		sub(/^\t/, "") { print "no row in " doc ": " $0; next }
		{ print "not in the source any more: " $0 " of " doc }'
	rows "$1" | uniq -d | sed "s|^|twice in $1: |"
}

# tests DOC: what the last column of a row with a name names exists: tests, one of which speaks of the name, and functions of the test before.
# KIND_ASK is front_ask there, KIND_COURIER_ASK courier_ask, KIND_HOOKS_RUN hooks_run.
tests() {
	local name cell file said word spoken
	while IFS=$'\t' read -r name cell; do
		word=${name/#KIND_COURIER_/courier_}
		word=${word/#KIND_HOOKS_/hooks_}
		word=${word/#KIND_/front_}
		file= spoken=
		while read -r said; do
			if [[ $said != */* ]]; then
				grep -qE "^(def )?$said\(" "$file" || echo "$1: $name: '$file' has no function '$said'"
				continue
			fi
			file=$said
			[ -f "$file" ] || echo "$1: $name: there is no test '$file'"
			grep -qsiF -- "$word" "$file" && spoken=1
		done < <(grep -oE '`[^`]*`' <<<"$cell" | tr -d '`')
		[ "$spoken" ] || echo "$1: $name: '$cell' does not speak of it"
	done < <(sed -nE 's/^\| `([^`]+)` \|.*\| ([^|]*) \|$/\1\t\2/p' "$1")
}

points=$(grep -rhoE '\bcrash_point\("[^"]+"\)' src --include='*.c' | sed -E 's/.*"([^"]+)".*/\1/' | sort)
rule "crash points have distinct names" "$(uniq -d <<<"$points")"
rule "docs/CRASH-POINTS.md has the crash points of the source" "$(compare docs/CRASH-POINTS.md "$points")"
rule "docs/MESSAGES.md has the kinds of messages" "$(compare docs/MESSAGES.md "$(
	names kind src/net/relay.c
	names kind src/courier/message.h
	names kind src/hooks/exchange.c
	names scep_op src/net/net.h
	names key_act src/keys/keys.h
	names sign_as src/keys/keys.h
)")"
# What show prints by itself: the names of lists' and alerts' timers stand in a call.
shown=$(tr -d '\n' <src/show/show_timers.c | grep -oE '(show_put_timer|put_alert)\([^;]*;' | sed -nE 's/[^"]*"([A-Z ]+)".*/\1/p')
# Deadlines among the facts; that of requests is TIMER_REQUEST_EXPIRE.
facts=$(sed -n '/^struct plan_ca_facts {/,/^};/p' src/plan/plan.h | grep -oE '\b[a-z_]+_(until|expiry);' | tr -d ';' | grep -vx request_expiry)
facts+=$'\n'$(sed -n '/^struct courier_copy {/,/^};/p' src/courier/courier.h | grep -oE '\b[a-z_]+_at;' | tr -d ';')
rule "docs/TIMERS.md has the planner's timers and rules, and those of lists and alerts" "$(compare docs/TIMERS.md "$(
	for enum in plan_timer plan_tp_timer plan_rule_code; do names $enum src/plan/plan.h; done
	echo "$facts"
	echo "$shown"
)")"
# "TIMER_POLL POLL", in the source and as the second column has it, whose it is aside.
rule "docs/TIMERS.md has timers by the names that show prints" "$(diff \
	<(sed -nE 's/^\t? *\[(TIMER_[A-Z_]+)\] = "([^"]+)",$/\1 \2/p' src/show/*.c | sort) \
	<(sed -nE 's/^\| `(TIMER_[A-Z_]+)` \| `([A-Z ]+)( n)?` .*/\1 \2/p' docs/TIMERS.md | sed -E 's/ TP$//' | sort) | grep '^[<>]'
)"
for doc in CRASH-POINTS MESSAGES TIMERS; do
	rule "the tests that docs/$doc.md names exist" "$(tests docs/$doc.md)"
done
rule "docs/TIMERS.md names functions of its tests" "$(grep '^| `' docs/TIMERS.md | grep -vE '`: `[a-z_0-9]+`[^|]*\|$')"
rule "docs/CRASH-POINTS.md names the right files" "$(
	sed -nE 's/^\| `([^`]+)` \| `([^`]+)` \|.*/\1 \2/p' docs/CRASH-POINTS.md | while read -r name file; do
		grep -qF "crash_point(\"$name\")" "$file" || echo "$name is not in $file"
	done
)"
# Functions that say an invariant is broken, with its identifiers; WORLD is a world that cannot go on.
laws() {
	cat src/sim/*.c | awk '
		/^[a-z_0-9]+\(/ { f = $1; sub(/\(.*/, "", f) }
		{ line = line $0 }
		/broken\($/ { next }
		{
			while (match(line, /broken\([ \t]*w, [^,]*,[ \t]*"[A-Z]+-?[0-9]*"/)) {
				id = substr(line, RSTART, RLENGTH)
				gsub(/.*, *[^"]*"|"/, "", id)
				if (id != "WORLD") print f, id
				line = substr(line, RSTART + RLENGTH)
			}
			if (line !~ /broken\([^)]*$/) line = ""
		}' | sort -u | awk '$1 != f { if (f) print f ids; f = $1; ids = "" } { ids = ids " " $2 } END { print f ids }'
}
rule "docs/SIMULATOR.md has the functions that guard invariants" "$(
	comm -3 <(laws | sort) <(sed -nE 's/^\| `([a-z_]+)` \| ([^|]+) \|.*/\1 \2/p' docs/SIMULATOR.md | sort)
)"
tap_end
