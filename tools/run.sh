#!/bin/bash
# run.sh - run a CA from this checkout until Ctrl-C. Environment: CONF=FILE, PORT=NUMBER.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tools/ca.sh
. tools/ca.sh

conf=${CONF:-examples/rootca.conf}
home=run
mkdir -p "$home" || exit 1
if "$programs/keymuster" -r "$home/run" show clock >/dev/null 2>&1; then
	echo "run: a CA of this checkout runs already; look at it:  $programs/keymuster -r $home/run show crypto pki server" >&2
	exit 1
fi
[ -r "$conf" ] || { echo "run: $conf cannot be read" >&2; exit 1; }
if [ -n "${PORT:-}" ]; then
	conf_with_port "$conf" "$PORT" "$home/keymuster.conf"
	conf=$home/keymuster.conf
fi
[ -n "$(url_of "$conf")" ] || { echo "run: $conf has no line \"ip http listen ADDRESS PORT\"" >&2; exit 1; }

trap stop_ca EXIT
trap 'echo; exit 0' INT TERM HUP

if ! start_ca "$conf" "$home"; then
	cat "$home/log" >&2
	! grep -q 'is in use' "$home/log" || echo "run: take another port:  make run PORT=8081" >&2
	exit 1
fi

scep=$url/cgi-bin/pkiclient.exe
cat <<END
The CA answers at $url (configuration $conf, state $home/state, log $home/log).
  SHA-256 $(fingerprint "$home/ca.pem" sha256)
  SHA-1   $(fingerprint "$home/ca.pem" sha1)

Enrol a client: in another terminal, paste (strongSwan's pki)

cd $(printf %q "$PWD")
pki --scepca --url $scep --caout $home/ca.pem --outform pem --force
pki --gen --type rsa --size 2048 --outform pem >$home/gw1.key
pki --scep --url $scep --in $home/gw1.key --dn "CN=gw1.example.org, O=Example" --san gw1.example.org --cacert-enc $home/ca.pem --cacert-sig $home/ca.pem --interval 5 --outform pem >$home/gw1.pem

Look at it

$programs/keymuster -r $home/run show crypto pki server
$programs/keymuster -r $home/run show crypto pki server ROOTCA certificates

A Cisco router enrols with (once "ip http listen" names an address that it reaches, put here for ${url#http://})

crypto pki trustpoint Root-CA
 enrollment url $url
 fingerprint $(fingerprint "$home/ca.pem" sha1)
 subject-name CN=spoke-1,O=Example
 revocation-check crl
 rsakeypair spoke-1-RSA 2048
crypto pki authenticate Root-CA
crypto pki enroll Root-CA

Ctrl-C ends it. The log follows.
END

tail -n +1 -F "$home/log" --pid=$$ &
viewer=$!
wait "$daemon"
code=$?
daemon=
kill "$viewer" 2>/dev/null
exit "$code"
