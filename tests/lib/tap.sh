# tap.sh - what scripts that print TAP share; read with "."; tap_end is the last word.
echo 'TAP version 13'
n=0
bad=0

say() { # ok|"not ok" TEXT
	n=$((n + 1))
	[ "$1" = ok ] || bad=$((bad + 1))
	echo "$1 $n - $2"
}

tap_end() {
	echo "1..$n"
	[ "$bad" -eq 0 ]
}
