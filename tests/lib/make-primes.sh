#!/bin/sh
# Writes tests/lib/primes.h: 160 primes of 1024 bits for test keys. Run once; the result is checked in.
set -eu
n=${1:-160}
echo '/*'
echo ' * primes.h - primes for test keys.'
echo ' *'
echo ' * FOR TESTS ONLY: public, so no key made of them protects anything. Written by make-primes.sh.'
echo ' */'
echo '/* clang-format off */'
echo 'static const char *const primes[] = {'
while [ "$n" -gt 0 ]; do
	openssl prime -generate -bits 1024 -hex | fold -w 64 | sed -e 's/^/\t"/' -e 's/$/"/' -e '4s/$/,/'
	n=$((n - 1))
done
echo '};'
