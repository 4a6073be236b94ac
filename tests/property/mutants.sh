#!/bin/sh
# mutants.sh - one-line mutants of the deciding files; every one must turn a property red. Prints TAP.
# Usage: mutants.sh SOURCE_DIR
set -u
echo 'TAP version 13'
src=$1
cc=${CC:-gcc}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0
bad=0
flags="-std=c17 -D_GNU_SOURCE -O1 -w -I$tmp/src"

say() { # RESULT TEXT
	n=$((n + 1))
	[ "$1" = ok ] || bad=$((bad + 1))
	echo "$1 $n - $2"
}

build() { # FILE: the test that must notice, with the file as it stands in $tmp
	case $1 in
	src/plan/*) "$cc" $flags "$src/tests/property/plan_world.c" "$tmp/$1" "$tmp/src/base/when.c" -o "$tmp/t" ;;
	src/ca/*) "$cc" $flags "$src/tests/property/grant_rows.c" "$tmp/$1" -o "$tmp/t" ;;
	esac
}

run() {
	case $1 in
	src/plan/*) "$tmp/t" ;;
	src/ca/*) python3 "$src/tests/property/grant_table.py" "$tmp/t" ;;
	esac >/dev/null
}

mutant() { # FILE SED-EXPRESSION
	sed "$2" "$src/$1" >"$tmp/$1"
	if cmp -s "$src/$1" "$tmp/$1"; then
		say "not ok" "mutant of $1 has no line any more: $2"
	elif ! build "$1"; then
		say "not ok" "mutant of $1 does not compile: $2"
	elif run "$1"; then
		say "not ok" "mutant of $1 survives: $2"
	else
		say ok "mutant of $1 dies: $2"
	fi
}

cp -r "$src/src" "$tmp/src"
for file in src/plan/plan_ca.c src/ca/grant.c; do
	if build $file && run $file; then
		say ok "$file as it stands lives"
	else
		say "not ok" "$file as it stands lives"
	fi
done
while IFS='|' read -r file edit; do
	case $file in '' | '#'*) continue ;; esac
	mutant "$file" "$edit"
done <<'EOF'
src/plan/plan_ca.c|s/now >= crl_due(p, f)/now > crl_due(p, f)/
src/plan/plan_ca.c|s/&& !f->crl_stale ?/?/
src/plan/plan_ca.c|s/now >= f->request_expiry/now > f->request_expiry/
src/plan/plan_ca.c|s/now >= f->cert_until)/now > f->cert_until + 1)/
src/plan/plan_ca.c|s/if (!f->clock_trusted)/if (false)/
src/plan/plan_ca.c|s/return f->busy_key ? PLAN_NONE : PLAN_MAKE_KEY/return PLAN_MAKE_KEY/
src/plan/plan_ca.c|s/return f->busy_cert ? PLAN_NONE : PLAN_MAKE_CERT/return PLAN_MAKE_CERT/
src/plan/plan_ca.c|s/if (!f->busy_crl \&\& now >= f->cert_from/if (now >= f->cert_from/
src/plan/plan_ca.c|s/plan.wake = when_min(plan.wake, crl_due(p, f))/plan.wake = WHEN_NEVER/
src/plan/plan_ca.c|s/plan.wake = when_min(f->request_expiry, f->challenge_expiry)/plan.wake = f->challenge_expiry/
src/plan/plan_ca.c|s/plan = {PLAN_NONE, WHEN_NEVER,/plan = {PLAN_NONE, now,/
src/plan/plan_ca.c|s/ \&\& !f->archived//
src/plan/plan_ca.c|s/ \&\& !f->busy_archive//
src/plan/plan_ca.c|s/ \&\& !f->busy_ra//
src/plan/plan_ca.c|s/f->want_ra \&\& !f->have_ra/f->want_ra/
src/plan/plan_ca.c|s/return PLAN_MAKE_RA;/return PLAN_NONE;/
src/plan/plan_ca.c|s/(f->have_ra || !f->want_ra)/true/
src/plan/plan_ca.c|s/return PLAN_ARCHIVE/return PLAN_NONE/
src/plan/plan_ca.c|s/if (p->shutdown)/if (false)/
src/ca/grant.c|s/if (f->reserved)/if (false)/
src/ca/grant.c|s/if (f->key_elsewhere)/if (false)/
src/ca/grant.c|s/if (f->signer == SIGNER_REVOKED)/if (false)/
src/ca/grant.c|s/if (f->signer == SIGNER_EARLY)/if (false)/
src/ca/grant.c|s/if (f->signer == SIGNER_EXPIRED)/if (false)/
src/ca/grant.c|s/&& f->renewal_type)/\&\& false)/
src/ca/grant.c|s/ours \&\& !f->same_subject/false/
src/ca/grant.c|s/ours \&\& !f->same_san/false/
src/ca/grant.c|s/if (f->mode == CA_GRANT_NONE)/if (false)/
src/ca/grant.c|s/if (f->role != ROLE_CLIENT)/if (f->role == ROLE_CA)/
src/ca/grant.c|s/f->renewals_wait ? pend(REASON_MANUAL) : issue(REASON_RENEWAL)/issue(REASON_RENEWAL)/
src/ca/grant.c|s/f->renewals_wait || f->adopt_waits/f->adopt_waits/
src/ca/grant.c|s/f->subject_live \&\& f->no_replace/f->no_replace/
src/ca/grant.c|s/if (f->password == PASSWORD_RIGHT)/if (f->password != PASSWORD_NONE)/
src/ca/grant.c|s/if (f->mode == CA_AUTO)/if (f->mode != CA_GRANT_NONE)/
src/ca/grant.c|s/refuse(SCEP_BAD_MESSAGE_CHECK/refuse(SCEP_BAD_REQUEST/
EOF
echo "1..$n"
[ $bad -eq 0 ]
