#!/bin/bash
# style.sh - check what the house style lets a machine check. Prints TAP.
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8
# shellcheck source=tools/tap.sh
. tools/tap.sh

# Everything there is, committed or not, but nothing that is ignored.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	mapfile -t all < <(git ls-files -co --exclude-standard -- src tests tools docs examples .ci | sort -u)
else
	mapfile -t all < <(find src tests tools docs examples .ci -type f | sort)
fi
code=() scripts=()
for f in "${all[@]}"; do
	[ -f "$f" ] || continue
	case $f in
	*.[ch]) code+=("$f") ;;
	*.sh) scripts+=("$f") ;;
	esac
done

unformatted() { clang-format --dry-run "${code[@]}" 2>&1 | grep -E ': (warning|error):' | cut -d: -f1 | sort | uniq -c | awk '{ print $2 ": " $1 " places" }'; }

# /* crl.c - build and read revocation lists. */ in line 1, or opening a longer comment in line 2.
bad_headers() {
	awk '
		FNR == 1 { name = FILENAME; sub(/.*\//, "", name); first = $0 }
		FNR == 1 && $0 == "/*" { next }
		FNR > 2 || (FNR == 2 && first != "/*") { nextfile }
		{
			line = $0
			sub(/^\/\* /, "", line)
			sub(/^ \* /, "", line)
			whole = line == $0 ? 0 : index(line, name " - ") == 1
			sub(/ \*\/$/, "", line)
			if (!whole || (FNR == 1 && line !~ /[.?]$/))
				print FILENAME ": starts without \"/* " name " - what it is. */\""
			else if (split(line, words, " ") - 2 > (name ~ /\.h$/ ? 16 : 12))
				print FILENAME ": says in " split(line, words, " ") - 2 " words what it is; six are enough"
		}' "${code[@]}"
}

lengths=$(ctags -x --languages=C --langmap=C:.c.h --kinds-C=f --_xformat='%{end} %n %F %N' "${code[@]}" | awk '{ print $1 - $2 + 1, $3, $4 }')
over() { awk -v least="$1" -v most="$2" '$1 > least && $1 <= most { print $2 ": " $3 " has " $1 " lines" }' <<<"$lengths"; }

long_files() { awk 'FNR == 801 { print FILENAME ": more than 800 lines"; nextfile }' "${code[@]}"; }
unfinished() { grep -nE '\b(TODO|FIXME|XXX|HACK)\b' "${code[@]}" "${scripts[@]}" | grep -v '^tools/style.sh:'; }
shell_faults() { for f in "${scripts[@]}"; do bash -n "$f" 2>&1; done; }

rule "there is code to look at" "$([ ${#code[@]} -gt 0 ] || echo "no C file found")"
rule "clang-format has nothing to change" "$(unformatted)"
rule "every file says at its top what it is" "$(bad_headers)"
rule "no function is longer than 100 lines" "$(over 100 1000000)"
rule "no file is longer than 800 lines" "$(long_files)"
rule "nothing is marked as unfinished" "$(unfinished)"
rule "every script can be read by the shell" "$(shell_faults)"
over 60 100 | sed 's/^/# over 60: /'
tap_end
