#!/bin/bash
# rooms.sh - check include lines and linker symbols against the rooms. Usage: rooms.sh BUILDDIR. Prints TAP.
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8
build=${1:-build}
# shellcheck source=tools/tap.sh
. tools/tap.sh

# Whose door a room may include besides its own; "all" is every room. docs/DESIGN.md, chapter "The house".
declare -A sees=(
	[base]=""
	[plan]="base"
	[wire]="base"
	[sys]="base"
	[conf]="base plan"
	[keys]="base wire sys"
	[store]="base wire sys"
	[net]="base wire sys"
	[courier]="base plan wire sys"
	[hooks]="base sys"
	[ca]="base plan wire keys store"
	[tp]="base plan wire keys store"
	[agent]="base plan wire sys conf keys courier hooks tp"
	[sim]="base plan wire conf keys store ca tp"
	[show]="base plan wire conf keys store ca tp"
	[web]="base plan wire conf keys store ca tp sys net show"
	[cmd]="all"
)

# ---- include lines ----

unknown_rooms() {
	for room in src/*/; do
		room=$(basename "$room")
		[ -n "${sees[$room]+x}" ] || echo "src/$room is not in the table of tools/rooms.sh"
	done
}

bad_includes() {
	local at text room name other
	while IFS=: read -r at line text; do
		room=${at#src/}
		room=${room%%/*}
		name=${text#*\"}
		name=${name%%\"*}
		other=${name%%/*}
		if [ "$other" = "$name" ] || [ "${name#.}" != "$name" ]; then
			echo "$at:$line: \"$name\" is not written from the root"
		elif [ "$other" != "$room" ] && [ "$name" != "$other/$other.h" ]; then
			echo "$at:$line: \"$name\" is an inner header of another room"
		elif [ "$other" != "$room" ] && [ "${sees[$room]-}" != all ] && [[ " ${sees[$room]-} " != *" $other "* ]]; then
			echo "$at:$line: room $room may not see $other"
		fi
	done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' src --include='*.[ch]')
}

# ---- linker symbols: one line a reference, "ROOM FILE SYMBOL" ----

refs=$(mktemp) || exit 1
trap 'rm -f "$refs"' EXIT
objects=$(find "$build/src" -name '*.o' 2>/dev/null | sort)
if [ -n "$objects" ]; then
	# shellcheck disable=SC2086
	nm -A -g $objects 2>/dev/null | awk -v top="$build/src/" '
		{
			at = $1
			sub(/:[0-9a-f]*$/, "", at)
			sub(top, "", at)
			split(at, part, "/")
			file = at
			sub(/.*\//, "", file)
			sub(/\.o$/, "", file)
			symbol = $NF
			sub(/@.*/, "", symbol)
			if ($(NF - 1) == "U" || $(NF - 1) == "w")
				used[part[1] " " file " " symbol] = part[1] " " symbol
			else
				defined[part[1] " " symbol] = 1
		}
		END { for (u in used) if (!(used[u] in defined)) print u }' |
		grep -vE ' (__(asan|ubsan|tsan|sanitizer|lsan|sancov|gcov|stack_chk)_|_GLOBAL_OFFSET_TABLE_)' | sort >"$refs"
fi

# uses ROOMS FILES SYMBOLS: references from rooms (pattern) and files (pattern) to symbols (pattern).
uses() {
	awk -v room="^($1)\$" -v file="^($2)\$" -v symbol="^($3)\$" \
		'$1 ~ room && $2 ~ file && $3 ~ symbol { print "src/" $1 "/" $2 " calls " $3 }' "$refs"
}
# Rooms but those named.
but() { awk -v but="^($1)\$" '$1 !~ but { print $1 }' "$refs" | sort -u | paste -sd'|' | sed 's/^$/none/'; }

plan_strays() {
	awk '$1 == "plan" && $3 !~ /^((when|date|span)_[a-z0-9_]+|(__(asan|tsan)_)?mem(cpy|set)(_chk)?|__mem(cpy|set)_chk|__stack_chk_fail)$/ {
		print "src/plan/" $2 " calls " $3 }' "$refs"
}

files='open(at)?(64)?(_2)?|__open(64)?_2|creat|fopen(64)?|fdopen|freopen|read|write|pread(64)?|pwrite(64)?|unlink|rename|stat|fstat|file_[a-z_]+|dir_[a-z_]+'
sockets='socket|socketpair|connect|bind|listen|accept4?|recv(from|msg)?|send(to|msg)?|listen_[a-z_]+|connect_[a-z_]+|channel_[a-z_]+|loop_[a-z_]+'
clocks='time|clock_gettime|gettimeofday|clock|adjtimex|clock_adjtime|ntp_gettimex?|ntp_adjtime|timespec_get|ftime'
ours='clock_(init|now|now_ms|mono_ms|boot|boot_id|synchronised|authoritative|simulated|stepped|announce|settled|real_ms_until|calendar_valid|source)'
chance='RAND_.*|getrandom|getentropy|rand|random|srand(om)?|arc4random.*|[jlmnde]+rand48'
talk='__?v?f?printf(_chk)?|v?f?printf|puts|fputs|fputc|putc|putchar|fwrite|log_[a-z]+|stderr|stdout'
private='EVP_PKEY_sign.*|EVP_DigestSign.*|EVP_Sign.*|EVP_PKEY_decrypt.*|EVP_PKEY_(key|param)gen.*|EVP_PKEY_generate|EVP_PKEY_Q_keygen|EVP_(RSA|EC)_gen|RSA_(sign|private).*|ECDSA_.*sign.*|X509_(REQ_|CRL_)?sign.*|CMS_.*sign.*|PEM_read_.*PrivateKey.*|PEM_write_.*PrivateKey.*|d2i_.*(PrivateKey|PKCS8).*|i2d_.*(PrivateKey|PKCS8).*|PKCS12_parse|PKCS8_.*'
programs='v?fork|_Fork|clone|exec(v|ve|vp|vpe|l|le|lp|veat)|fexecve|posix_spawnp?|system|popen'
forbidden='strcpy|strcat|sprintf|vsprintf|atoi|atol|atoll|strtok|alloca|gets|system|popen'

forbidden_words() { grep -rnE "\b($forbidden)\(" src tests --include='*.[ch]' | sed 's/[[:space:]]\+/ /g'; }
forbidden_symbols() { uses '.*' '.*' "(__)?($forbidden)(_chk)?"; }

rule "every room has its place in the table" "$(unknown_rooms)"
rule "rooms include only the doors they may see" "$(bad_includes)"
rule "there are objects to look at in $build" "$([ -s "$refs" ] || echo "no object refers to anything below $build/src")"
rule "plan calls only base/when, memcpy and memset" "$(plan_strays)"
rule "wire opens no file" "$(uses wire '.*' "$files|getenv|secure_getenv")"
rule "wire draws no randomness" "$(uses wire '.*' "$chance")"
rule "wire prints and logs nothing" "$(uses wire '.*' "$talk")"
rule "wire, ca and tp use no socket and no loop" "$(uses 'wire|ca|tp' '.*' "$sockets")"
rule "wire, ca and tp are told the time" "$(uses 'wire|ca|tp' '.*' "$ours")"
rule "ca and tp open no file and draw no randomness" "$(uses 'ca|tp' '.*' "$files|$chance")"
rule "only base/clock.c reads a clock" "$(uses '.*' '.*' "$clocks" | grep -v '^src/base/clock.c calls ')"
rule "only keys holds private keys" "$(uses "$(but keys)" '.*' "$private")"
rule "only sys and hooks start processes" "$(uses "$(but 'sys|hooks')" '.*' "$programs")"
rule "only sys and courier make sockets" "$(uses "$(but 'sys|courier')" '.*' 'socket|socketpair|connect|bind|listen')"
rule "only keys starts threads" "$(uses "$(but keys)" '.*' 'pthread_create|thrd_create')"
rule "no forbidden function is written" "$(forbidden_words)"
rule "no forbidden function is linked" "$(forbidden_symbols)"
tap_end
