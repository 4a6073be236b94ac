#!/bin/bash
# demo.sh - the shortest story: a CA starts, a foreign client enrols, the CA shows it, the CA ends.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tools/ca.sh
. tools/ca.sh

here=$(mktemp -d "${TMPDIR:-/tmp}/keymuster-demo.XXXXXX") || exit 1
trap 'stop_ca; rm -rf "$here"' EXIT
trap 'exit 130' INT TERM HUP

step() { printf '\n== %s\n' "$1"; }
give_up() {
	echo "demo: $1" >&2
	cat "$here/log" "$here/pki" 2>/dev/null >&2
	exit 1
}
tell() { "$programs/keymuster" -r "$here/run" "$@" || give_up "keymuster $*: exit code $?"; }
ask() { pki "$@" 2>"$here/pki" || give_up "pki $1: exit code $?"; }

step "a CA of examples/rootca.conf starts, in a directory of its own"
for port in {18080..18099}; do
	conf_with_port examples/rootca.conf "$port" "$here/keymuster.conf"
	start_ca "$here/keymuster.conf" "$here" && break
	grep -q 'is in use' "$here/log" || give_up "the CA did not start"
done
[ -n "$daemon" ] || give_up "ports 18080 to 18099 are all in use"
scep=$url/cgi-bin/pkiclient.exe
cat "$here/log"

step "strongSwan's pki makes a key and enrols by SCEP at $scep"
ask --gen --type rsa --size 2048 --outform pem >"$here/gw1.key"
ask --scep --url "$scep" --in "$here/gw1.key" --dn 'CN=gw1.example.org, O=Example' --san gw1.example.org \
	--cacert-enc "$here/ca.pem" --cacert-sig "$here/ca.pem" --outform pem >"$here/gw1.pem"
openssl x509 -in "$here/gw1.pem" -noout -subject -issuer -serial -dates
openssl verify -x509_strict -CAfile "$here/ca.pem" "$here/gw1.pem" || give_up "the certificate does not verify"

step "the CA's books: show crypto pki server ROOTCA certificates"
tell show crypto pki server ROOTCA certificates

step "the certificate is revoked, and the list says so: show crypto pki server ROOTCA crl"
serial=0x$(openssl x509 -in "$here/gw1.pem" -noout -serial | cut -d= -f2)
tell crypto pki server ROOTCA revoke "$serial" key-compromise
until tell show crypto pki server ROOTCA crl json | grep -q "\"entries\": *1\|\"count\": *1"; do sleep 0.05; done
tell show crypto pki server ROOTCA crl

step "the CA ends"
stop_ca
tail -n 2 "$here/log"
