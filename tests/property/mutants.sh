#!/bin/sh
# mutants.sh - one-line mutants of the deciding files; every one must turn a test red. Prints TAP.
# Soak plays all of them, others each fourth of those that die in an instant, a sixteenth of those that take seconds; that its
# line is there is always looked at.
# Usage: mutants.sh SOURCE_DIR
set -u
src=$1
. "$src/tests/lib/tap.sh"
cc=${CC:-gcc}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
flags="-std=c17 -D_GNU_SOURCE -O1 -w -I$tmp/src"

compile() { "$cc" $flags -c "$1" -o "$2"; }

build() { # FILE: the tests that must notice, with the file as it stands in $tmp
	compile "$tmp/$1" "$tmp/o/lib/$(basename "$1" .c).o" || return
	case $1 in
	src/plan/plan_ca.c) tests='test_plan_ca plan_world' ;;
	src/plan/plan_clock.c) tests=test_plan_clock ;;
	src/plan/rules.c) tests=rules_world ;;
	src/plan/*) tests=plan_tp_world ;;
	src/ca/*) tests=grant_rows ;;
	esac
	for t in $tests; do
		"$cc" "$tmp/o/$t.o" "$tmp"/o/lib/*.o -o "$tmp/$t" -Wl,--as-needed -lcmocka || return
	done
}

run() {
	for t in $tests; do
		case $t in
		grant_rows) python3 "$src/tests/property/grant_table.py" "$tmp/$t" ;;
		*) "$tmp/$t" ;;
		esac || return
	done >/dev/null 2>&1
}

mutant() { # FILE SED-EXPRESSION
	case $1 in
	src/plan/rules.c | src/ca/*) each=16 ;;
	*) each=4 ;;
	esac
	sed "$2" "$src/$1" >"$tmp/$1"
	if cmp -s "$src/$1" "$tmp/$1"; then
		say "not ok" "mutant of $1 has no line any more: $2"
	elif [ -z "${KEYMUSTER_SOAK-}" ] && [ $((n % each)) -ne 0 ]; then
		say ok "mutant of $1 has its line: $2"
	elif ! build "$1"; then
		say "not ok" "mutant of $1 does not compile: $2"
	elif run "$1"; then
		say "not ok" "mutant of $1 survives: $2"
	else
		say ok "mutant of $1 dies: $2"
	fi
	cp "$src/$1" "$tmp/$1"
	cp "$tmp/o/$(basename "$1" .c).as_it_stands" "$tmp/o/lib/$(basename "$1" .c).o"
}

cp -r "$src/src" "$tmp/src"
mkdir -p "$tmp/o/lib"
for file in "$src"/tests/property/*.c "$src"/tests/unit/test_plan_clock.c "$src"/tests/unit/test_plan_ca.c; do compile "$file" "$tmp/o/$(basename "$file" .c).o" || exit 1; done
for file in "$src"/src/plan/*.c "$src/src/ca/grant.c" "$src/src/base/when.c"; do
	compile "$file" "$tmp/o/lib/$(basename "$file" .c).o" || exit 1
	cp "$tmp/o/lib/$(basename "$file" .c).o" "$tmp/o/$(basename "$file" .c).as_it_stands"
done
for file in src/plan/plan_ca.c src/plan/plan_clock.c src/plan/plan_tp.c src/plan/rules.c src/ca/grant.c; do
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
# lists
src/plan/plan_ca.c|s/now >= crl_due(p, f))/now > crl_due(p, f))/
src/plan/plan_ca.c|s/f->have_crl \&\& !f->crl_stale ?/f->have_crl ?/
src/plan/plan_ca.c|s/? when_add(f->crl_signed_at, p->lifetime_crl)/? INT64_MIN/
src/plan/plan_ca.c|s/when_min(when_add(when_add(now, p->lifetime_crl), p->crl_overlap), cert_until)/when_add(when_add(now, p->lifetime_crl), p->crl_overlap)/
src/plan/plan_ca.c|s/alive \&\& !f->busy_crl \&\& now/alive \&\& now/
src/plan/plan_ca.c|s/if (alive \&\& !f->busy_crl/if (!f->busy_crl/
src/plan/plan_ca.c|s/!f->busy_crl \&\& now >= f->active.cert_from \&\&/!f->busy_crl \&\&/
# dates
src/plan/plan_ca.c|s/when_min(when_add(from, p->lifetime_cert), ca_until)/when_add(from, p->lifetime_cert)/
src/plan/plan_ca.c|s/when_add(until, -p->overlap)/until/
src/plan/plan_ca.c|s/p->lifetime_ca) <= now)/p->lifetime_ca) < now)/
src/plan/plan_ca.c|s/p->lifetime_ca) <= now)/p->lifetime_ca) > INT64_MAX - 1)/
src/plan/plan_ca.c|s/^\t\tfrom = now;/\t\tfrom = until;/
src/plan/plan_ca.c|s/{from, when_add(from, p->lifetime_ca)}/{from, when_add(until, p->lifetime_ca)}/
src/plan/plan_ca.c|s/when_max(p->lifetime_request, p->late)/p->lifetime_request/
src/plan/plan_ca.c|s/when_max(p->lifetime_request, p->late)/p->late/
src/plan/plan_ca.c|s/if (had >= p->lifetime_cert)/if (had > p->lifetime_cert)/
src/plan/plan_ca.c|s/when_max(p->lifetime_cert - had, least)/p->lifetime_cert - had/
src/plan/plan_ca.c|s|when_max(p->lifetime_cert / 10, 3 \* MINUTE)|p->lifetime_cert / 10|
# when the next one is due
src/plan/plan_ca.c|s/f->rollover_asked || f->next.have_key/f->next.have_key/
src/plan/plan_ca.c|s/f->next.have_key || f->next.busy_key/f->next.busy_key/
src/plan/plan_ca.c|s/ || f->next.busy_key)/)/
src/plan/plan_ca.c|s/p->auto_rollover ? rollover_at/true ? rollover_at/
src/plan/plan_ca.c|s/-p->rollover), f->rollover_from)/-p->rollover), INT64_MIN)/
src/plan/plan_ca.c|s/when_max(when_add(f->active.cert_until, -p->rollover)/when_max(f->active.cert_until/
src/plan/plan_ca.c|s/rollover_at(p, f) : WHEN_NEVER/rollover_at(p, f) : INT64_MIN/
# states
src/plan/plan_ca.c|s/if (p->shutdown)/if (false)/
src/plan/plan_clock.c|s/CLOCK_TOLERANCE + passed/passed/
src/plan/plan_clock.c|s| + passed / CLOCK_DRIFT||
src/plan/plan_clock.c|s/look->wall > when_add(c->wall, allowed)/look->wall >= when_add(c->wall, allowed)/
src/plan/plan_clock.c|s/look->wall > when_add(c->mark, CLOCK_FAR_SPAN)/look->wall >= when_add(c->mark, CLOCK_FAR_SPAN)/
src/plan/plan_clock.c|s/!c->anchored \&\& c->mark/c->mark/
src/plan/plan_clock.c|s/if (!look->vouched)/if (false)/
src/plan/plan_clock.c|s/look->wall < when_add/look->wall <= when_add/
src/plan/plan_clock.c|s/when_add(c->mark, -CLOCK_TOLERANCE)/c->mark/
src/plan/plan_clock.c|s/if (look->confirmed)/if (false)/
src/plan/plan_clock.c|s/look->synchronised \&\& look->boot/look->boot/
src/plan/plan_clock.c|s/c->leapt_boot >= CLOCK_SETTLE/c->leapt_boot > CLOCK_SETTLE/
src/plan/plan_clock.c|s/ \&\& !look->synchronised ? CLOCK_FAR/ ? CLOCK_FAR/
src/plan/plan_clock.c|s/if (c.leapt \&\& !before->leapt)/if (c.leapt)/
src/plan/plan_clock.c|s/if (!c.anchored || c.leapt)/if (true)/
src/plan/plan_clock.c|s/if (!c.anchored || c.leapt)/if (!c.anchored)/
src/plan/plan_clock.c|s/c.mark = when_max(c.mark, look->wall)/c.mark = look->wall/
src/plan/plan_clock.c|s/when_max(c->mark, wall) : c->mark/wall : c->mark/
src/plan/plan_clock.c|s/when_max(c->mark, wall) : c->mark/when_max(c->mark, wall) : wall/
src/plan/plan_tp.c|s/return f->id_until >= f->issuer_until/return f->id_until > f->issuer_until/
src/plan/plan_tp.c|s/ends_with_issuer(f) \&\& left < p->retry_period/false/
src/plan/plan_tp.c|s/left < p->retry_period/left <= p->retry_period/
src/plan/plan_tp.c|s|when_min(p->spread, left / 2)|p->spread|
src/plan/plan_tp.c|s/due, share(when_min/due, -share(when_min/
src/plan/plan_tp.c|s/return when_add(from, share/return when_add(from + 1, share/
src/plan/plan_tp.c|s/f->have_id \&\& !ends_with_issuer(f)/f->have_id/
src/plan/plan_tp.c|s/p->auto_enroll \&\& !p->shadow_only \&\& f->have_id/p->auto_enroll \&\& f->have_id/
src/plan/plan_tp.c|s/return p->auto_enroll \&\& f->have_id \&\& ends/return f->have_id \&\& ends/
src/plan/plan_tp.c|s/    !p->ios_stop_on_reject \&\& p->auto_enroll/false/
src/plan/plan_tp.c|s/return t->at > now ? INT64_MIN : /return /
src/plan/plan_tp.c|s/return enrols(p, f) ? at : WHEN_NEVER;/return WHEN_NEVER;/
src/plan/plan_tp.c|s/(!p->shadow_only || f->late)/!p->shadow_only/
src/plan/plan_tp.c|s/return renews(p, f) || shadows(p, f) ? f->id_until/return renews(p, f) ? f->id_until/
src/plan/plan_tp.c|s/shadows(p, f) ? f->id_until : WHEN/shadows(p, f) ? f->id_until + MINUTE : WHEN/
src/plan/plan_tp.c|s/at = when_max(when_min(at, f->id_until), f->shadow_from)/at = when_min(at, f->shadow_from)/
src/plan/plan_tp.c|s/at = when_max(at, f->next_ca_from)/at = f->next_ca_from/
src/plan/plan_tp.c|s/when_t at = f->ca_until;/when_t at = f->ca_until + 1;/
src/plan/plan_tp.c|s/f->clock_suspect ? WHEN_NEVER : at/at/
src/plan/plan_tp.c|s/return plan_tp_due(p, f);/return f->id_until;/
src/plan/plan_tp.c|s/return renews(p, f) ? when_max(due, f->id_until) : due/return due/
src/plan/plan_tp.c|s/!f->authenticated \&\& p->fingerprint/!f->authenticated \&\& !p->fingerprint/
src/plan/plan_tp.c|s/f->authenticated \&\& !f->have_next_ca)/f->authenticated)/
src/plan/plan_tp.c|s/when_max(lane.due, retry_at(p, f, &f->fetch, now))/lane.due/
src/plan/plan_tp.c|s/when_max(lane.due, retry_at(p, f, &f->ask, now))/lane.due/
src/plan/plan_tp.c|s/f->have_id \&\& now < f->id_until ? TP_RENEW/f->have_id ? TP_RENEW/
src/plan/plan_tp.c|s/if (f->pending)/if (false)/
src/plan/plan_tp.c|s/if (f->enrol_asked)/if (false)/
src/plan/plan_tp.c|s/if (f->have_shadow \&\& !(renews/if (false \&\& !(renews/
src/plan/plan_tp.c|s/f->confirmed ? TP_NONE : TP_CONFIRM/TP_CONFIRM/
src/plan/plan_tp.c|s/f->have_next_ca ? TP_REQUEST_SHADOW : TP_NONE/TP_REQUEST_SHADOW/
src/plan/plan_tp.c|s/ \&\& (!p->shadow_only || f->late)//
src/plan/plan_tp.c|s/f->caps_known \&\& now < f->ca_until/f->caps_known/
src/plan/plan_tp.c|s/if (!f->clock_trusted)/if (false)/
src/plan/plan_tp.c|s/now >= activate.at/now > activate.at/
src/plan/plan_tp.c|s/else if (!f->busy \&\& now >= ask.at)/else if (now >= ask.at)/
src/plan/plan_tp.c|s/!f->busy \&\& now >= fetch.at/!f->busy \&\& now > fetch.at/
src/plan/plan_tp.c|s/if (t > now)/if (t >= now)/
src/plan/plan_tp.c|s/look_at(&plan, f->ca_until, now)/;/
src/plan/plan_tp.c|s/look_at(&plan, f->id_until, now)/;/
src/plan/plan_tp.c|s/look_at(&plan, activate.due, now)/;/
src/plan/plan_tp.c|s/look_at(&plan, ask.at, now)/;/
src/plan/plan_tp.c|s/look_at(&plan, fetch.at, now)/;/
src/plan/plan_tp.c|s/plan = {TP_NONE, WHEN_NEVER,/plan = {TP_NONE, now,/
src/plan/plan_tp.c|s/if (lane->at == WHEN_NEVER)/if (false)/
src/plan/plan_tp.c|s/when_max(at\[i\], now)/at[i]/
src/plan/plan_tp.c|s/out\[k - 1\].at > row.at/false/
src/plan/plan_retry.c|s/#define SLOWEST (12 \* HOUR)/#define SLOWEST (13 * HOUR)/
src/plan/plan_retry.c|s/#define SLOWEST_DARK (15/#define SLOWEST_DARK (16/
src/plan/plan_retry.c|s/dark = when_min(dark, deadline);//
src/plan/plan_retry.c|s/#define PART_DARK 16/#define PART_DARK 15/
src/plan/plan_retry.c|s/PART_DARK, SLOWEST_DARK), SLOWEST)/PART_DARK, SLOWEST_DARK), 2 * SLOWEST)/
src/plan/plan_retry.c|s/#define OBEYED_DARK DAY/#define OBEYED_DARK (2 * DAY)/
src/plan/plan_retry.c|s/#define OBEYED (30/#define OBEYED (31/
src/plan/plan_retry.c|s|left / 10|left / 9|
src/plan/plan_retry.c|s|QUICKEST), left / 2)|QUICKEST), left)|
src/plan/plan_retry.c|s/11 \/ 10)/12 \/ 10)/
src/plan/plan_retry.c|s/wait - wait \* 2 \*/wait - wait * 3 */
src/plan/plan_retry.c|s/t->tries > 1 ? t->tries - 1 : 0/t->tries/
src/plan/plan_retry.c|s/if (t->answer != ANSWER_REJECT \&\& /if (/
src/plan/plan_retry.c|s/ \&\& t->tries <= p->retry_count)/)/
src/plan/plan_retry.c|s/when_min(t->retry_after, when_add(t->at, asked))/t->retry_after/
src/plan/plan_retry.c|s/when_max(next, asked)/when_max(next, t->retry_after)/
src/plan/plan_retry.c|s/if (t->answer == ANSWER_REJECT || /if (/
src/plan/rules.c|s/(wanted - 1) \/ of \* 100/wanted \/ of * 100/
src/plan/rules.c|s/2 \* slack - 1/2 * slack/
src/plan/rules.c|s/margin < least ? broken/margin <= least ? broken/
src/plan/rules.c|s/when_min(s->lifetime_cert, s->lifetime_ca)/s->lifetime_cert/
src/plan/rules.c|s|when_min(p->spread, left / 2)|p->spread|
src/plan/rules.c|s/served = lead - s->generation/served = lead/
src/plan/rules.c|s/away - s->clock_error/away/
src/plan/rules.c|s/1 - life_with/-life_with/
src/plan/rules.c|s/s->subordinate ? rest(s->lifetime_ca, s->upper_percent) : s->rollover/s->rollover/
src/plan/rules.c|s/served - rest(s->lifetime_ca, PLAN_SHADOW_PERCENT)/served - rest(s->lifetime_cert, PLAN_SHADOW_PERCENT)/
src/plan/rules.c|s/s->overlap - 2 \* s->clock_error/s->overlap - s->clock_error/
src/plan/rules.c|s/s->overlap < s->lifetime_ca ? RULE_WARNS : RULE_REFUSES/RULE_REFUSES/
src/plan/rules.c|s/s->upper_rollover - s->generation/s->upper_rollover/
src/plan/rules.c|s/refused |= rules/refused = rules/
src/plan/rules.c|s/late.rollover = 0;/late.rollover = 1;/
src/plan/rules.c|s/ || code == RULE_TF06//
src/plan/rules.c|s/ || code == RULE_TF08//
src/plan/rules.c|s/rules\[i\].level == RULE_REFUSES \&\& asks_early/asks_early/
src/plan/rules.c|s/code == RULE_TF05 || //
src/plan/rules.c|s/(needed(s, p) + step - 1)/needed(s, p)/
src/plan/rules.c|s/if (!plan_rules_refuse(&better, p))/if (true)/
src/plan/rules.c|s/other.auto_enroll = true;/other.auto_enroll = p->auto_enroll;/
src/plan/rules.c|s/other.percent < 100/other.percent < 60/
src/plan/rules.c|s/cure.percent == 0 \&\& //
src/plan/rules.c|s/enrols = end - when_min(s->lifetime_cert, end)/enrols = end - s->lifetime_cert/
src/plan/rules.c|s/p->auto_enroll ? plan_percent(enrols, end, p->percent) : WHEN_NEVER/plan_percent(enrols, end, p->percent)/
src/plan/rules.c|s/some_by_hand(s, p) \&\& by_hand < asks/by_hand < asks/
src/plan/rules.c|s/return !p->auto_enroll || (p->shadow_only/return !p->auto_enroll \&\& (p->shadow_only/
src/plan/rules.c|s/ \&\& s->lifetime_cert < s->lifetime_ca)/)/
src/plan/rules.c|s/!p->shadow_only \&\& life/life/
src/plan/rules.c|s/ \&\& life < s->lifetime_ca//
src/plan/rules.c|s/ \&\& away >= s->clock_error//
src/plan/rules.c|s/renews ? RULE_REFUSES : RULE_WARNS/RULE_WARNS/
src/plan/rules.c|s/.made = end - lead_of(s)/.made = end - s->rollover/
src/plan/rules.c|s/.latest = when_add(end, -plan_rules_latest(p, slack))/.latest = when_add(end, -slack)/
src/plan/plan_ca.c|s/if (!f->clock_trusted)/if (false)/
src/plan/plan_ca.c|s/have_cert \&\& now >= f->active.cert_until)/have_cert \&\& now > f->active.cert_until)/
src/plan/plan_ca.c|s/if (now < f->held_until)$/if (false)/
src/plan/plan_ca.c|s/have_crl \&\& (f->active.have_ra || !f->want_ra)/have_crl/
src/plan/plan_ca.c|s/f->active.have_cert \&\& f->have_crl \&\& (/f->active.have_cert \&\& (/
# birth and growth
src/plan/plan_ca.c|s/return g->busy_key ? PLAN_NONE : PLAN_MAKE_KEY/return PLAN_MAKE_KEY/
src/plan/plan_ca.c|s/return g->busy_cert ? PLAN_NONE : PLAN_MAKE_CERT/return PLAN_MAKE_CERT/
src/plan/plan_ca.c|s/if (!g->have_key)/if (true)/
src/plan/plan_ca.c|s/f->want_ra \&\& !g->have_ra/!g->have_ra/
src/plan/plan_ca.c|s/f->want_ra \&\& !g->have_ra/f->want_ra/
src/plan/plan_ca.c|s/ \&\& !g->busy_ra//
src/plan/plan_ca.c|s/return PLAN_MAKE_RA;/return PLAN_NONE;/
src/plan/plan_ca.c|s/f->want_archive \&\& !g->archived/!g->archived/
src/plan/plan_ca.c|s/f->want_archive \&\& !g->archived/f->want_archive/
src/plan/plan_ca.c|s/ \&\& !g->busy_archive//
src/plan/plan_ca.c|s/return PLAN_ARCHIVE;/return PLAN_NONE;/
src/plan/plan_ca.c|s/(f->next.have_ra || !f->want_ra)/true/
src/plan/plan_ca.c|s/(f->next.have_ra || !f->want_ra)/f->next.have_ra/
src/plan/plan_ca.c|s/(f->next.archived || !f->want_archive)/true/
src/plan/plan_ca.c|s/(f->next.archived || !f->want_archive)/f->next.archived/
src/plan/plan_ca.c|s/ \&\& !f->busy_crl;/;/
# one step after the other
src/plan/plan_ca.c|s/if (!f->active.have_cert)/if (false)/
src/plan/plan_ca.c|s/return birth(&f->active)/return birth(\&f->next)/
src/plan/plan_ca.c|s/alive ? growth(f, &f->active) : PLAN_NONE/PLAN_NONE/
src/plan/plan_ca.c|s/alive ? growth(f, &f->active) : PLAN_NONE/growth(f, \&f->active)/
src/plan/plan_ca.c|s/act != PLAN_NONE || now < plan_rollover_due(p, f)/act != PLAN_NONE || now <= plan_rollover_due(p, f)/
src/plan/plan_ca.c|s/act != PLAN_NONE || now < plan_rollover_due(p, f)/act != PLAN_NONE/
src/plan/plan_ca.c|s/act != PLAN_NONE || now < plan_rollover_due(p, f)/now < plan_rollover_due(p, f)/
src/plan/plan_ca.c|s/\*next = true;/*next = false;/
src/plan/plan_ca.c|s/if (!f->next.have_cert)/if (false)/
src/plan/plan_ca.c|s/act = growth(f, &f->next)/act = PLAN_NONE/
src/plan/plan_ca.c|s/return grown(f) \&\& /return /
src/plan/plan_ca.c|s/return linked(f) \&\& /return /
# late and down: the end is the same, and somebody lives at each second
src/plan/plan_ca.c|s/when_add(from, p->lifetime_ca) <= now)/from < now)/
src/plan/plan_ca.c|s/return grown(f) \&\&/return now + 2 >= f->active.cert_until \&\& grown(f) \&\&/
src/plan/plan_ca.c|s/act != PLAN_NONE || now < plan_rollover_due/act != PLAN_NONE || f->busy_crl || now < plan_rollover_due/
src/plan/plan_ca.c|s/!linked(f) \&\& !f->busy_links/!linked(f)/
src/plan/plan_ca.c|s/have_links || f->next.cert_from >= /have_links || f->next.cert_from > /
src/plan/plan_ca.c|s/return f->have_links || /return /
src/plan/plan_ca.c|s/!f->announced \&\& !f->busy_announce/!f->busy_announce/
src/plan/plan_ca.c|s/ \&\& !f->busy_announce//
src/plan/plan_ca.c|s/? PLAN_ANNOUNCE : PLAN_NONE/? PLAN_NONE : PLAN_NONE/
# the wake
src/plan/plan_ca.c|s/wake = when_min(f->request_expiry, f->challenge_expiry)/wake = f->challenge_expiry/
src/plan/plan_ca.c|s/wake = when_min(f->request_expiry, f->challenge_expiry)/wake = f->request_expiry/
src/plan/plan_ca.c|s/wake = when_min(wake, f->active.cert_until)/wake = WHEN_NEVER/
src/plan/plan_ca.c|s/bool alive = f->active.have_cert \&\& now < f->active.cert_until/bool alive = f->active.have_cert/
src/plan/plan_ca.c|s/return when_min(wake, f->held_until)/return wake/
src/plan/plan_ca.c|s/wake = when_min(wake, f->old_until)/wake = wake/
src/plan/plan_ca.c|s/if (begins > now)/if (false)/
src/plan/plan_ca.c|s/if (begins > now)/if (true)/
src/plan/plan_ca.c|s/return when_min(wake, f->active.cert_from)/return wake/
src/plan/plan_ca.c|s/if (now < f->active.cert_from)/if (false)/
src/plan/plan_ca.c|s/f->busy_crl ? wake : when_min(wake, crl_due(p, f))/wake/
src/plan/plan_ca.c|s/f->busy_crl ? wake : when_min(wake, crl_due(p, f))/when_min(wake, crl_due(p, f))/
# the plan
src/plan/plan_ca.c|s/plan = {PLAN_NONE, false, WHEN_NEVER,/plan = {PLAN_NONE, false, now,/
src/plan/plan_ca.c|s/plan.state == STATE_SHUTDOWN || plan.state == STATE_NO_CLOCK/plan.state == STATE_SHUTDOWN/
src/plan/plan_ca.c|s/plan.state == STATE_SHUTDOWN || plan.state == STATE_NO_CLOCK/plan.state == STATE_NO_CLOCK/
src/plan/plan_ca.c|s/f->next.have_cert \&\& now >= f->active.cert_until)/f->next.have_cert \&\& now > f->active.cert_until)/
src/plan/plan_ca.c|s/f->next.have_cert \&\& now >= f->active.cert_until)/now >= f->active.cert_until)/
src/plan/plan_ca.c|s/f->next.have_cert \&\& now >= f->active.cert_until)/f->next.have_cert)/
src/plan/plan_ca.c|s/now >= f->request_expiry/now > f->request_expiry/
src/plan/plan_ca.c|s/now >= f->challenge_expiry/now > f->challenge_expiry/
src/plan/plan_ca.c|s/else if (now >= f->held_until)/else if (now > f->held_until)/
src/plan/plan_ca.c|s/now >= f->old_until ?/now > f->old_until ?/
src/plan/plan_ca.c|s/now >= f->old_until ?/false ?/
# the rows of show
src/plan/plan_ca.c|s/p->shutdown || !f->clock_trusted/p->shutdown/
src/plan/plan_ca.c|s/f->active.have_cert \&\& f->have_crl)/f->have_crl)/
src/plan/plan_ca.c|s/when_add(f->crl_signed_at, p->lifetime_crl), f->active.cert_until)/when_add(f->crl_signed_at, p->lifetime_crl), WHEN_NEVER)/
src/plan/plan_ca.c|s/p->auto_rollover \&\& !f->next.have_cert)/!f->next.have_cert)/
src/plan/plan_ca.c|s/p->auto_rollover \&\& !f->next.have_cert)/p->auto_rollover)/
src/plan/plan_ca.c|s/TIMER_ROLLOVER, rollover_at(p, f)/TIMER_ROLLOVER, f->active.cert_until/
src/plan/plan_ca.c|s/out\[i - 1\].at > at/false/
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
src/ca/grant.c|s/return f->renewals_wait$/return false/
src/ca/grant.c|s/f->renewals_wait || f->adopt_waits/f->adopt_waits/
src/ca/grant.c|s/f->subject_live \&\& f->no_replace/f->no_replace/
src/ca/grant.c|s/if (f->password == PASSWORD_RIGHT)/if (f->password != PASSWORD_NONE)/
src/ca/grant.c|s/if (f->mode == CA_AUTO)/if (f->mode != CA_GRANT_NONE)/
src/ca/grant.c|s/refuse(SCEP_BAD_MESSAGE_CHECK/refuse(SCEP_BAD_REQUEST/
EOF
tap_end
