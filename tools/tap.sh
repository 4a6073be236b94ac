# tap.sh - what the checking scripts share: one TAP line a rule.
# shellcheck shell=bash

tap_n=0
tap_bad=0

# rule SENTENCE OFFENCES: holds when there are none; each line of offences is printed.
rule() {
	tap_n=$((tap_n + 1))
	if [ -z "$2" ]; then
		echo "ok $tap_n - $1"
		return
	fi
	tap_bad=$((tap_bad + 1))
	echo "not ok $tap_n - $1"
	echo "$2" | sed 's/^/# /'
}

tap_end() {
	echo "1..$tap_n"
	exit $((tap_bad > 0))
}
