#!/bin/bash
# deps.sh - install the Debian packages that are missing.
set -u
export LC_ALL=C.UTF-8

# package, reason
list='
gcc                   compiler
clang                 second compiler, sanitizer build of the checks
libclang-rt-14-dev    its sanitizers and libFuzzer
llvm                  names of functions in sanitizer reports
binutils              nm, for tools/rooms.sh
meson                 build
ninja-build           build
pkg-config            finds the libraries
libssl-dev            arithmetic of cryptography, PKCS#12
libevent-dev          event loop
libsqlite3-dev        the embedded database
libseccomp-dev        sandboxes
libjansson-dev        JSON answers
libcurl4-openssl-dev  questions to hooks: headers, and the library that the courier loads
libedit-dev           the interactive shell
libcmocka-dev         unit tests
python3               independent tables and tallies of the tests
clang-format          house style, tools/style.sh
universal-ctags       length of functions, tools/style.sh
openssl               judges our certificates, lists and messages in tests
gnutls-bin            certtool, a second judge
libgnutls28-dev       the same judge as a library, for thousands of certificates
strongswan-pki        a foreign SCEP client
libstrongswan-extra-plugins  fetches for it (its curl plugin)
libstrongswan-standard-plugins  elliptic curves for it (its openssl plugin)
scep                  scepclient and scepserver of micromdm, foreign SCEP of old algorithms
iproute2              networks of their own, for a server that listens everywhere and for charon
certmonger            a foreign SCEP client with a daemon
dbus-daemon           a message bus for it alone
libfaketime           sets a real clock for one daemon alone, in tests
curl                  asks the HTTP server in tests
ca-certificates       downloads of packages over https
nginx-light           is told of certificates by a ready-made hook, and takes copies by PUT
vsftpd                takes copies by FTP
haproxy               the same
openvpn               the same
strongswan-swanctl    the same, for charon
charon-systemd        and charon
libcharon-extra-plugins  ESP for it by a TUN device (its kernel-libipsec plugin)
socat                 how hooks speak to sockets of haproxy and OpenVPN
shellcheck            hooks are scripts for machines of others
procps                memory and CPU of the processes in bench
'

names=$(awk 'NF { print $1 }' <<<"$list")

if ! command -v dpkg-query >/dev/null; then
	echo "deps: this is no Debian; install what tools/deps.sh lists by other means" >&2
	exit 0
fi

missing() {
	# shellcheck disable=SC2086
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' $names 2>/dev/null |
		awk -v names="$names" '
			$1 == "installed" { have[$2] = 1 }
			END { n = split(names, name, "\n"); for (i = 1; i <= n; i++) if (!(name[i] in have)) print name[i] }'
}

want=$(missing)
[ -z "$want" ] && exit 0
# shellcheck disable=SC2086
set -- $want

echo "deps: installing $*" >&2
if [ "$(id -u)" -eq 0 ]; then
	as_root() { "$@"; }
elif command -v sudo >/dev/null; then
	as_root() { sudo "$@"; }
else
	echo "deps: neither root nor sudo; run this as root:  apt-get install $*" >&2
	exit 1
fi
install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; }

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
if ! install "$@" >"$log" 2>&1; then
	# The lists may be absent or old.
	{ as_root apt-get update -q && install "$@"; } >"$log" 2>&1
fi
want=$(missing)
if [ -n "$want" ]; then
	tail -n 20 "$log" >&2
	# shellcheck disable=SC2086
	echo "deps: cannot install:" $want >&2
	exit 1
fi
