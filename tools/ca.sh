# ca.sh - a CA in a directory, started and awaited.
# shellcheck shell=bash

programs=${BUILD:-build}
daemon=

stop_ca() {
	[ -n "$daemon" ] || return 0
	kill -TERM "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	daemon=
}

# conf_with_port CONFIG PORT OUT: the same configuration on another port.
conf_with_port() { sed -E "s/^([[:space:]]*ip http listen [^[:space:]]+).*/\1 $2/" "$1" >"$3"; }

# url_of CONFIG: where it serves, as its "ip http listen" line says.
url_of() { awk '$1 == "ip" && $2 == "http" && $3 == "listen" { print "http://" $4 ":" ($5 ? $5 : 80) }' "$1" | tail -n 1; }

# start_ca CONFIG DIRECTORY: returns when the CA answers; 1 when the daemon ended instead (its log says why).
# Leaves the CA's certificate in DIRECTORY/ca.pem.
start_ca() {
	url=$(url_of "$1")
	mkdir -p "$2"
	"$programs/keymusterd" -f "$1" -s "$2/state" -r "$2/run" >"$2/log" 2>&1 &
	daemon=$!
	while kill -0 "$daemon" 2>/dev/null; do
		# The log comes first: something else may answer at that port.
		if grep -q ' serving ' "$2/log" &&
			curl -fsS --max-time 5 -o "$2/ca.der" "$url/cgi-bin/pkiclient.exe?operation=GetCACert" 2>/dev/null &&
			openssl x509 -inform der -in "$2/ca.der" -out "$2/ca.pem" 2>/dev/null; then
			rm -f "$2/ca.der"
			return 0
		fi
		sleep 0.05
	done
	wait "$daemon"
	daemon=
	return 1
}

# fingerprint FILE HASH: upper case hexadecimal, no separators.
fingerprint() { openssl x509 -in "$1" -noout -fingerprint "-$2" | sed 's/.*=//; s/://g'; }
