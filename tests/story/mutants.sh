#!/bin/sh
# mutants.sh - takes each mended defect's cure away: its story must turn red. Prints TAP.
# Usage: mutants.sh SOURCE_DIR
set -u
src=$1
. "$src/tests/lib/tap.sh"
cc=${CC:-gcc}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

object() { echo "$tmp/$(echo "$1" | tr / _).o"; }

compile() { # FILE [OBJECT]
	"$cc" -std=c17 -D_GNU_SOURCE -O1 -w -I"$src/src" -I"$src" -I"$src/tests" -iquote "$src/$(dirname "$1")" -x c -c "$tmp/now.c" -o "$2"
}

link() { # PROGRAM OBJECT...
	program=$1
	shift
	"$cc" "$@" -o "$program" -Wl,--wrap=PKCS12_create_ex -Wl,--wrap=PKCS12_set_mac -Wl,--wrap=EVP_PKCS82PKEY -Wl,--wrap=EVP_PKEY_dup -Wl,--wrap=i2d_PUBKEY -Wl,--wrap=EVP_PKEY_Q_keygen -lsqlite3 -lcrypto -lseccomp -levent_core -lm -lpthread
}

mutant() { # STORY FILE SED-EXPRESSION
	sed "$3" "$src/$2" >"$tmp/now.c"
	if cmp -s "$src/$2" "$tmp/now.c"; then
		say "not ok" "$1: $2 has no line any more: $3"
	elif ! compile "$2" "$tmp/mutant.o" || ! link "$tmp/story" "$tmp/mutant.o" $(echo "$objects" | grep -v "^$(object "$2")\$"); then
		say "not ok" "$1: $2 does not compile: $3"
	elif timeout 60 "$tmp/story" "$src/tests/story/$1.story" >/dev/null 2>&1; then
		say "not ok" "$1 stays green without $2: $3"
	else
		say ok "$1 turns red without $2: $3"
	fi
}

cd "$src" || exit 1
objects=
for file in src/base/*.c src/plan/*.c src/wire/*.c src/sys/*.c src/keys/*.c src/store/*.c src/ca/*.c tests/lib/*.c tests/story/*.c; do
	cat "$file" >"$tmp/now.c"
	compile "$file" "$(object "$file")" || exit 1
	objects="$objects
$(object "$file")"
done
if link "$tmp/story" $objects && "$tmp/story" tests/story/*.story >"$tmp/out" 2>&1; then
	say ok "every story is green before"
else
	say "not ok" "every story is green before"
	tail -n 5 "$tmp/out" 2>/dev/null | sed 's/^/# /'
fi
while IFS='|' read -r story file edit; do
	case $story in '' | '#'*) continue ;; esac
	mutant "$story" "$file" "$edit"
done <<'END'
role-restart|src/ca/ca.c|s/ || !approve_resume(ca, out, e)//
role-restart|src/ca/approve.c|/Durable first/,/tell_role/s/REQUEST_GRANTED/REQUEST_PENDING/
disk-full|src/ca/turn.c|s/again(&instead, EFFECT_REPLY, events\[i\]->id);/;/
disk-full|src/ca/turn.c|s/again(&instead, EFFECT_TELL, events\[i\]->id);/;/
disk-full|src/ca/turn.c|s/if (!ST(ca)->commit(ca->store, e))/if (!ST(ca)->commit(ca->store, e) \&\& false)/
disk-full|src/ca/ca.c|s/ca->resumed = ca->published = false;/ca->published = false;/
disk-full-at-start|src/ca/ca.c|s/ca->resumed = ca->published = false;/ca->resumed = false;/
revoked-in-flight|src/ca/request.c|s/if (!signer_classify(.*/if (false)/
adopt-race|src/ca/request.c|s/if (!signer_classify(.*/if (false)/
revoked-replay|src/ca/same.c|s/row.revoked_at != 0 ||//
ended-repeat|src/ca/same.c|s/ || now >= row.not_after//
key-two-names|src/ca/approve.c|s/: elsewhere/: false/
password-outstanding|src/ca/request.c|s/!ST(ca)->challenge_expiry(.*)))/false))/
signer-refuses|src/ca/issue.c|s/approve_undone(ca, intent, why, e)/true/
signer-refuses|src/ca/issue.c|s/^	send_later(ca, intent, out);//
rollover-in-flight|src/ca/issue.c|s/ca_task_free(ca_task_take(ca, t->job));/;/
rollover-in-flight|src/ca/issue.c|s/approve_undone(ca, intent, why, e)/true/
serial-backup|src/ca/numbers.c|s/"serial", from + LEAP/"serial", from/
serial-backup-keys|src/ca/numbers.c|s/(!ca->policy.serial_sequential ||/(true ||/
serial-backup-keys|src/ca/numbers.c|s/from + LEAP : from/from + 1 : from/
serial-backup-keys|src/ca/authority.c|s/intent_load(ca, e) \&\&$//
serial-backup-keys|src/store/memory_rows.c|s/if (row.state == CERT_VOID) {/if (false) {/
serial-backup-keys|src/store/sqlite_text.c|s/WHEN 2 THEN -intent/WHEN 3 THEN -intent/
backup-late|src/ca/adopt.c|s/if (past)/if (false)/
serial-backup-shadow|src/keys/guard.c|s/serial_known(l->g->states.i., digest)/serial_known(l->s, digest)/
roles|src/ca/command.c|s/row->role == CERT_SUB_CA/false/
roles|src/ca/command.c|s/row->role == CERT_RA/false/
signer-trouble|src/ca/issue.c|s/if (d->why != WHY_REFUSED .*/if (false) {/
signer-trouble|src/ca/exchange.c|s/if (d->why != WHY_NONE && d->why != WHY_BAD_INPUT)/if (false)/
signer-trouble|src/ca/reply.c|s/if (d->why != WHY_NONE)/if (false)/
signer-trouble|src/ca/list.c|/CRL not made/,/return/s/ca->facts.crl_stale = true;//
serial-taken|src/ca/issue.c|s/if (!ok && e->why != WHY_REFUSED)/if (!ok)/
end|src/ca/command.c|s/ev->command == CA_GRANT && !issue_possible(ca, now)/false/
end|src/ca/exchange.c|s/!issue_possible(ca, now) ||//
roles|src/ca/issue.c|s/i->kind == CERT_SUB_CA ? 0 : -1/-1/
serial-damaged|src/ca/numbers.c|s/ok = read_u64(&r, out) || .*/ok = true;/
clock-jump|src/ca/issue.c|s/return ca->facts.clock_trusted && /return /
rollover-in-flight|src/ca/same.c|s/\*answered = cert.revoked_at == 0;/*answered = false;/
shadow-counts|src/ca/client.c|s/^			\*newest = shadow;/;/
shadow-replay|src/ca/same.c|s/\*spent = intent != 0 .*/*spent = false;/
shadow-replay|src/ca/same.c|s/(any_end || /(/
shadow-replay|src/ca/shadow.c|s/before.state == CERT_VOID/before.state != CERT_ISSUED/
shadow-usages|src/ca/shadow.c|s/u->list\[i\].key_usage == key_usage/true/
shadow-usages|src/ca/shadow.c|s/u.n >= USAGES_MAX/false/
shadow-before|src/ca/shadow.c|s/usages_of_before(&row, made, u);/;/
late-grant|src/ca/approve.c|s/: w->late \&\& .*/: false/
late-grant|src/ca/approve.c|s/before != 0 ? before < intent :/false ? false :/
late-grant|src/ca/approve.c|s/\*later = w->id < row.id;/;/
late-by-hand|src/ca/request.c|s/!ca->policy.late_auto ||//
late-by-hand|src/ca/request.c|s/if (newest != x->signer_intent)/if (false)/
late-by-hand|src/plan/plan_ca.c|s/when_max(p->lifetime_request, p->late)/p->lifetime_request/
late-window|src/ca/request.c|s/now < when_add(g->switched_at, ca->policy.plan.late)/true/
late-newest|src/ca/approve.c|s/ \&\& !w->late)/)/
waits-revoked|src/ca/approve.c|s/w->standing == SIGNER_REVOKED/false/
waits-revoked|src/ca/approve.c|/^approve_role/,/^}/s/ok = look_again(.*/;/
waits-revoked|src/ca/same.c|s/row->reason, out/"rejected by the operator", out/
renewal-replay|src/ca/grant.c|s/if (f->spent)/if (f->to == TO_NEXT \&\& f->spent)/
confirmed|src/ca/exchange.c|s/ok = client_confirm(.*) &&/ok =/
confirmed|src/ca/client.c|s/before.generation > generation ||/false ||/
confirmed|src/ca/client.c|s/ \&\& confirmed > intent)/ \&\& false)/
rollover-poll|src/ca/exchange.c|s/(void)addressed_to_us(ca, x);/;/
rollover-timer|src/ca/ca.c|s/now >= ca->wake \&\& !follow_plan/false \&\& !follow_plan/
shadow-role|src/ca/approve.c|s/TASK_ROLE, issuer_for(ca, w)/TASK_ROLE, ca->active/
shadow-role|src/ca/exchange.c|s/x->to->number, &row, &why) ||/ca->active->number, \&row, \&why) ||/
shadow-adopted|src/ca/grant.c|s/f->to == TO_NEXT \&\& !alive/f->to == TO_NEXT \&\& f->signer != SIGNER_LIVE/
too-soon|src/ca/request.c|s/left <= AHEAD ? (int)left : 0/false/
rollover-list|src/ca/list.c|s/f->busy_crl = ca->crls_open > 0;/ca->crls_open = f->busy_crl = 0;/
clock-back-switch|src/plan/plan_clock.c|s/return CLOCK_BEHIND/return CLOCK_HONEST/
suspend|src/ca/ca.c|s/now >= ca->wake \&\& !follow_plan/false \&\& !follow_plan/
rollover|src/ca/exchange.c|s/case SCEP_RENEWALREQ://
rollover|src/ca/exchange.c|s/case SCEP_PKCSREQ:$/case 99:/
poll-hijack|src/ca/same.c|s/request_by_key(ca->store, key8, before, /request_get(ca->store, 1, /
END
tap_end
