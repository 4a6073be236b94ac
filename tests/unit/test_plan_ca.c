/* test_plan_ca.c - tests of what is due for a CA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

#define START ((when_t)1444396456) /* 13:14:16 UTC Oct 9 2015, the source document's CA */
#define END (START + 730 * DAY)

static const struct plan_ca_policy policy = {
    .lifetime_ca = 730 * DAY,
    .lifetime_cert = 365 * DAY,
    .lifetime_crl = 6 * HOUR,
    .crl_overlap = 6 * HOUR,
    .lifetime_request = 168 * HOUR,
};

/* What the facts of a CA that runs quietly are changed into. */
enum twist {
	QUIET,
	DOWN,
	NO_CLOCK,
	DOWN_NO_CLOCK,
	NO_KEY,
	NO_KEY_ASKED,
	NO_CERT,
	NO_CERT_ASKED,
	NO_CRL,
	NO_CRL_ASKED,
	STALE,
	STALE_ASKED,
	HELD,
	HELD_STALE,
	HELD_FOR_LONG,
	FUTURE_CERT,
	REQUEST,
	CHALLENGE,
	BOTH,
	HELD_REQUEST,
	RA,
	RA_ASKED,
	RA_DONE,
	RA_STALE,
	ARCHIVE,
	ARCHIVE_ASKED,
	ARCHIVE_DONE,
	ARCHIVE_STALE,
};

static struct plan_ca_facts
facts(enum twist twist, struct plan_ca_policy *p)
{
	struct plan_ca_facts f = {
	    .clock_trusted = true,
	    .active.have_key = true,
	    .active.have_cert = true,
	    .active.cert_from = START,
	    .active.cert_until = END,
	    .old_until = WHEN_NEVER,
	    .have_crl = true,
	    .crl_signed_at = START,
	    .held_until = INT64_MIN,
	    .request_expiry = WHEN_NEVER,
	    .challenge_expiry = WHEN_NEVER,
	};

	*p = policy;
	p->shutdown = twist == DOWN || twist == DOWN_NO_CLOCK;
	f.clock_trusted = twist != NO_CLOCK && twist != DOWN_NO_CLOCK;
	f.active.have_key = twist != NO_KEY && twist != NO_KEY_ASKED;
	f.active.busy_key = twist == NO_KEY_ASKED;
	f.active.have_cert = f.active.have_key && twist != NO_CERT && twist != NO_CERT_ASKED;
	f.active.busy_cert = twist == NO_CERT_ASKED;
	f.have_crl = f.active.have_cert && twist != NO_CRL && twist != NO_CRL_ASKED &&
		     twist != FUTURE_CERT;
	f.busy_crl = twist == NO_CRL_ASKED || twist == STALE_ASKED;
	f.crl_stale = twist == STALE || twist == STALE_ASKED || twist == HELD_STALE ||
		      twist == ARCHIVE_STALE || twist == RA_STALE;
	f.want_ra = twist >= RA && twist < ARCHIVE;
	f.active.busy_ra = twist == RA_ASKED;
	f.active.have_ra = twist == RA_DONE;
	f.want_archive = twist >= ARCHIVE;
	f.active.busy_archive = twist == ARCHIVE_ASKED;
	f.active.archived = twist == ARCHIVE_DONE;
	if (twist == HELD || twist == HELD_STALE || twist == HELD_REQUEST)
		f.held_until = START + HOUR;
	if (twist == HELD_FOR_LONG)
		f.held_until = WHEN_NEVER;
	if (twist == FUTURE_CERT)
		f.active.cert_from = START + DAY;
	if (twist == REQUEST || twist == BOTH || twist == HELD_REQUEST)
		f.request_expiry = START + 30 * MINUTE;
	if (twist == CHALLENGE || twist == BOTH)
		f.challenge_expiry = START + 30 * MINUTE;
	return f;
}

static const struct {
	const char *sentence;
	enum twist twist;
	when_t now;
	enum plan_act act;
	when_t wake; /* when nothing is due */
	enum plan_state is;
} looks[] = {
    {"a quiet CA sleeps until its list is 6 h old (S42)", QUIET, START, PLAN_NONE,
	START + 6 * HOUR, STATE_RUNNING},
    {"a second before the list is 6 h old nothing is due", QUIET, START + 6 * HOUR - 1,
	PLAN_NONE, START + 6 * HOUR, STATE_RUNNING},
    {"at 6 h the list is due", QUIET, START + 6 * HOUR, PLAN_MAKE_CRL, 0, STATE_RUNNING},
    {"days later it is still due", QUIET, START + 9 * DAY, PLAN_MAKE_CRL, 0, STATE_RUNNING},
    {"a second before its end the CA still signs", QUIET, END - 1, PLAN_MAKE_CRL, 0,
	STATE_RUNNING},
    {"at its end it signs no more and nothing wakes it", QUIET, END, PLAN_NONE, WHEN_NEVER,
	STATE_EXPIRED},
    {"a server that is shut down does nothing", DOWN, START + 9 * DAY, PLAN_NONE, WHEN_NEVER,
	STATE_SHUTDOWN},
    {"without authority of the clock nothing runs", NO_CLOCK, START + 9 * DAY, PLAN_NONE,
	WHEN_NEVER, STATE_NO_CLOCK},
    {"a server that is shut down does not speak of the clock", DOWN_NO_CLOCK, START, PLAN_NONE,
	WHEN_NEVER, STATE_SHUTDOWN},
    {"a new CA makes its key first", NO_KEY, START, PLAN_MAKE_KEY, 0, STATE_STARTING},
    {"it asks for its key once", NO_KEY_ASKED, START, PLAN_NONE, WHEN_NEVER, STATE_STARTING},
    {"with a key it makes its certificate", NO_CERT, START, PLAN_MAKE_CERT, 0, STATE_STARTING},
    {"it asks for its certificate once", NO_CERT_ASKED, START, PLAN_NONE, WHEN_NEVER,
	STATE_STARTING},
    {"with a certificate it makes its list", NO_CRL, START, PLAN_MAKE_CRL, 0, STATE_STARTING},
    {"it asks for its list once and looks again at its end", NO_CRL_ASKED, START, PLAN_NONE,
	END, STATE_STARTING},
    {"after a revocation a list is due at once", STALE, START + 1, PLAN_MAKE_CRL, 0,
	STATE_RUNNING},
    {"a list under way is not asked for again", STALE_ASKED, START + 9 * DAY, PLAN_NONE, END,
	STATE_RUNNING},
    {"with a list it makes its RA", RA, START, PLAN_MAKE_RA, 0, STATE_STARTING},
    {"it asks for its RA once", RA_ASKED, START, PLAN_NONE, START + 6 * HOUR, STATE_STARTING},
    {"with its RA it runs", RA_DONE, START, PLAN_NONE, START + 6 * HOUR, STATE_RUNNING},
    {"a list that is due comes before the RA", RA_STALE, START, PLAN_MAKE_CRL, 0,
	STATE_STARTING},
    {"a certificate of tomorrow signs no list today", FUTURE_CERT, START, PLAN_NONE,
	START + DAY, STATE_STARTING},
    {"tomorrow it does", FUTURE_CERT, START + DAY, PLAN_MAKE_CRL, 0, STATE_STARTING},
    {"after a failure nothing is tried before the hour", HELD, START, PLAN_NONE, START + HOUR,
	STATE_HELD},
    {"not even a list after a revocation", HELD_STALE, START + HOUR - 1, PLAN_NONE,
	START + HOUR, STATE_HELD},
    {"at the hour it is tried again", HELD_STALE, START + HOUR, PLAN_MAKE_CRL, 0,
	STATE_RUNNING},
    {"a CA that is held still ends", HELD_FOR_LONG, START, PLAN_NONE, END, STATE_HELD},
    {"and an end is an end, held or not", HELD_FOR_LONG, END, PLAN_NONE, WHEN_NEVER,
	STATE_EXPIRED},
    {"a pair that is wanted in the archive goes there", ARCHIVE, START + DAY / 8, PLAN_ARCHIVE,
	0, STATE_RUNNING},
    {"a list goes before the archive", ARCHIVE_STALE, START, PLAN_MAKE_CRL, 0, STATE_RUNNING},
    {"it asks for its archive once", ARCHIVE_ASKED, START, PLAN_NONE, START + 6 * HOUR,
	STATE_RUNNING},
    {"and has it for good", ARCHIVE_DONE, START, PLAN_NONE, START + 6 * HOUR, STATE_RUNNING},
    {"a request that expires first wakes it", REQUEST, START, PLAN_NONE, START + 30 * MINUTE,
	STATE_RUNNING},
    {"at that instant the request goes", REQUEST, START + 30 * MINUTE, PLAN_EXPIRE_REQUESTS, 0,
	STATE_RUNNING},
    {"a password that expires first wakes it", CHALLENGE, START, PLAN_NONE, START + 30 * MINUTE,
	STATE_RUNNING},
    {"at that instant the password goes", CHALLENGE, START + 30 * MINUTE,
	PLAN_EXPIRE_CHALLENGES, 0, STATE_RUNNING},
    {"requests go before passwords", BOTH, START + DAY, PLAN_EXPIRE_REQUESTS, 0, STATE_RUNNING},
    {"requests go although the signer is held", HELD_REQUEST, START + 30 * MINUTE,
	PLAN_EXPIRE_REQUESTS, 0, STATE_HELD},
    {"requests of an ended CA go too", REQUEST, END, PLAN_EXPIRE_REQUESTS, 0, STATE_EXPIRED},
};

static void
first_due_and_next_look(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(looks); i++) {
		struct plan_ca_policy p;
		struct plan_ca_facts f = facts(looks[i].twist, &p);
		struct plan_ca plan = plan_ca(&p, &f, looks[i].now);

		if (plan.act != looks[i].act)
			fail_msg("%s: act %d", looks[i].sentence, (int)plan.act);
		if (plan.act == PLAN_NONE && plan.wake != looks[i].wake)
			fail_msg("%s: wakes at %ld", looks[i].sentence, (long)plan.wake);
		if (plan.state != looks[i].is)
			fail_msg("%s: state %d", looks[i].sentence, (int)plan.state);
	}
}

/* ---- rollover: R = 90 d before the end (S19, S47) ---- */

#define BEGINS (END - 90 * DAY)

enum stage { /* of the next generation: each has what those before it have */
	NOTHING,
	ASKED, /* by hand */
	KEY_BUSY,
	KEY,
	CERT_BUSY,
	CERT, /* its list is not there: crl_stale */
	LIST_BUSY,
	LIST,
	NEXT_RA_BUSY,
	NEXT_RA,
	ARCHIVE_BUSY,
	ARCHIVED,
	ANNOUNCE_BUSY,
	ANNOUNCED,
};

static struct plan_ca_facts
rollover_facts(enum stage stage, struct plan_ca_policy *p)
{
	struct plan_ca_facts f = facts(QUIET, p);
	struct plan_generation *n = &f.next;

	p->auto_rollover = true;
	p->rollover = 90 * DAY;
	f.want_ra = f.active.have_ra = true;
	f.want_archive = f.active.archived = true;
	f.crl_signed_at = END - 3 * HOUR; /* no list is due before the end */
	f.rollover_asked = stage == ASKED;
	n->busy_key = stage == KEY_BUSY;
	n->have_key = stage >= KEY;
	n->busy_cert = stage == CERT_BUSY;
	n->have_cert = stage >= CERT;
	n->cert_from = END;
	n->cert_until = END + 730 * DAY;
	f.crl_stale = stage == CERT;
	f.busy_crl = stage == LIST_BUSY;
	n->busy_ra = stage == NEXT_RA_BUSY;
	n->have_ra = stage >= NEXT_RA;
	n->busy_archive = stage == ARCHIVE_BUSY;
	n->archived = stage >= ARCHIVED;
	f.busy_announce = stage == ANNOUNCE_BUSY;
	f.announced = stage >= ANNOUNCED;
	return f;
}

static const struct {
	const char *sentence;
	enum stage stage;
	when_t now;
	enum plan_act act;
	bool next;
	when_t wake;
} rollovers[] = {
    {"a second before the 90 days it sleeps until then (S47)", NOTHING, BEGINS - 1, PLAN_NONE,
	false, BEGINS},
    {"then it makes the next key", NOTHING, BEGINS, PLAN_MAKE_KEY, true, 0},
    {"asked by hand it does so at any time (S56)", ASKED, START, PLAN_MAKE_KEY, true, 0},
    {"it asks for the key once", KEY_BUSY, BEGINS, PLAN_NONE, true, END},
    {"asked for by hand, once", KEY_BUSY, START, PLAN_NONE, true, END},
    {"with the key it makes the next certificate", KEY, BEGINS, PLAN_MAKE_CERT, true, 0},
    {"what was begun goes on, also early", KEY, START, PLAN_MAKE_CERT, true, 0},
    {"it asks for the certificate once", CERT_BUSY, BEGINS, PLAN_NONE, true, END},
    {"a certificate has its list at once (KR-12)", CERT, BEGINS, PLAN_MAKE_CRL, false, 0},
    {"meanwhile it makes the RA's", LIST_BUSY, BEGINS, PLAN_MAKE_RA, true, 0},
    {"with a list too", LIST, BEGINS, PLAN_MAKE_RA, true, 0},
    {"then it archives", NEXT_RA, BEGINS, PLAN_ARCHIVE, true, 0},
    {"once", ARCHIVE_BUSY, BEGINS, PLAN_NONE, true, END},
    {"only archived it is announced (INV-11)", ARCHIVED, BEGINS, PLAN_ANNOUNCE, true, 0},
    {"once", ANNOUNCE_BUSY, BEGINS, PLAN_NONE, true, END},
    {"then it sleeps until the switch", ANNOUNCED, BEGINS, PLAN_NONE, true, END},
    {"a second before the end it still waits", ANNOUNCED, END - 1, PLAN_NONE, true, END},
    {"at the end it switches", ANNOUNCED, END, PLAN_SWITCH, false, 0},
    {"also when the archive never stood", NEXT_RA, END, PLAN_SWITCH, false, 0},
    {"also years later (INV-14)", ANNOUNCED, END + 900 * DAY, PLAN_SWITCH, false, 0},
    {"an end that came first is made up for", NOTHING, END + DAY, PLAN_MAKE_KEY, true, 0},
};

static void
next_generation_comes_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rollovers); i++) {
		struct plan_ca_policy p;
		struct plan_ca_facts f = rollover_facts(rollovers[i].stage, &p);
		struct plan_ca plan = plan_ca(&p, &f, rollovers[i].now);

		if (plan.act != rollovers[i].act)
			fail_msg("%s: act %d", rollovers[i].sentence, (int)plan.act);
		if (plan.act != PLAN_NONE && plan.next != rollovers[i].next)
			fail_msg("%s: for the wrong generation", rollovers[i].sentence);
		if (plan.act == PLAN_NONE && plan.wake != rollovers[i].wake)
			fail_msg("%s: wakes at %ld", rollovers[i].sentence, (long)plan.wake);
	}
}

/* IOS R5: 365 days configured, 146 had: 219 are left. */
static void
balance_is_what_was_cut_off(void **state)
{
	static const when_t cases[][2] = {{146, 219}, {365, 365}, {400, 365}, {364, 36},
	    {300, 65}, {328, 37}, {329, 36}, {0, 365}};
	struct plan_ca_policy p = {.lifetime_cert = 365 * DAY};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		when_t life = plan_balance(&p, START, START + cases[i][0] * DAY);

		assert_int_equal(life / DAY, cases[i][1]);
	}
	p.lifetime_cert = 20 * MINUTE;
	assert_int_equal(plan_balance(&p, START, START + 19 * MINUTE), 3 * MINUTE);
}

/* KU-02: where two overlap they are linked before the next one is shown. */
static void
overlapping_they_are_linked_first(void **state)
{
	struct plan_ca_policy p;
	struct plan_ca_facts f = rollover_facts(ARCHIVED, &p);

	(void)state;
	f.next.cert_from = END - 1;
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_LINK);
	f.busy_links = true;
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_NONE);
	assert_int_equal(plan_ca(&p, &f, END).act, PLAN_SWITCH);
	f.busy_links = false;
	f.have_links = true;
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_ANNOUNCE);
	f = rollover_facts(NEXT_RA, &p);
	f.next.cert_from = END - 1; /* what it needs for itself comes before */
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_ARCHIVE);
}

/* Cancelled, it is not made by itself before an instant, nor does the timer say so. */
static void
cancelled_it_is_held_up(void **state)
{
	struct plan_ca_policy p;
	struct plan_ca_facts f = rollover_facts(NOTHING, &p);
	struct plan_row row[TIMER_COUNT];
	size_t n, i = 0;

	(void)state;
	f.rollover_from = BEGINS + DAY;
	assert_int_equal(plan_ca(&p, &f, BEGINS + DAY - 1).act, PLAN_NONE);
	assert_int_equal(plan_ca(&p, &f, BEGINS).wake, BEGINS + DAY);
	assert_int_equal(plan_ca(&p, &f, BEGINS + DAY).act, PLAN_MAKE_KEY);
	n = plan_ca_timers(&p, &f, row);
	while (i < n && row[i].timer != TIMER_ROLLOVER)
		i++;
	assert_true(i < n && row[i].at == BEGINS + DAY);
	f.rollover_from = BEGINS - DAY;
	assert_int_equal(plan_ca(&p, &f, BEGINS - 1).act, PLAN_NONE);
	f.rollover_from = BEGINS + DAY; /* by hand at any time */
	f.rollover_asked = true;
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_MAKE_KEY);
}

static void
without_the_word_nothing_follows(void **state)
{
	struct plan_ca_policy p;
	struct plan_ca_facts f = rollover_facts(NOTHING, &p);

	(void)state;
	p.auto_rollover = false;
	assert_int_equal(plan_ca(&p, &f, END - 1).act, PLAN_NONE);
	assert_int_equal(plan_ca(&p, &f, END).act, PLAN_NONE);
	assert_int_equal(plan_ca(&p, &f, END).state, STATE_EXPIRED);
	p.auto_rollover = true; /* what the active one lacks comes first, while it lives */
	f.active.archived = false;
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_ARCHIVE);
	assert_false(plan_ca(&p, &f, BEGINS).next);
	assert_int_equal(plan_ca(&p, &f, END).act, PLAN_MAKE_KEY);
	f.active.have_cert = false;
	assert_int_equal(plan_ca_timers(&p, &f, (struct plan_row[TIMER_COUNT]){0}), 0);
	f = rollover_facts(ANNOUNCED, &p);
	f.want_ra = f.want_archive = f.announced = f.next.have_ra = f.next.archived = false;
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_ANNOUNCE);
	f.have_crl = false; /* not shown before its list is there */
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_MAKE_CRL);
	f.busy_crl = true;
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_NONE);
	f.have_crl = true; /* nor while it is being signed (KR-12) */
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_NONE);
	f.busy_crl = false;
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_ANNOUNCE);
	f.want_ra = f.next.busy_ra = true; /* nor before its RA is there */
	assert_int_equal(plan_ca(&p, &f, BEGINS).act, PLAN_NONE);
	f.want_ra = f.next.busy_ra = false;
	f.next.busy_key = true;
	f.next.have_key = f.next.have_cert = false;
	f.busy_crl = false;
	f.have_crl = true;
	assert_int_equal(plan_ca(&p, &f, BEGINS).wake, END);
}

static void
replaced_keys_end(void **state)
{
	struct plan_ca_policy p;
	struct plan_ca_facts f = facts(QUIET, &p);

	(void)state;
	assert_int_equal(plan_old_until(&p, START), START + 168 * HOUR);
	p.late = 30 * DAY;
	assert_int_equal(plan_old_until(&p, START), START + 30 * DAY);
	f.old_until = START + 2 * HOUR;
	assert_int_equal(plan_ca(&p, &f, START).wake, START + 2 * HOUR);
	assert_int_equal(plan_ca(&p, &f, START + 2 * HOUR).act, PLAN_FORGET_OLD);
}

static void
next_dates_S46(void **state)
{
	static const struct {
		const char *sentence;
		when_t overlap, now, from;
	} cases[] = {
	    {"the end of the active one, to the second", 0, BEGINS, END},
	    {"or an overlap before it", 10 * DAY, BEGINS, END - 10 * DAY},
	    {"also when made behind it", 0, END + DAY, END},
	    {"but not so that it has ended itself", 0, END + 730 * DAY, END + 730 * DAY},
	    {"while a second of it is left it begins there", 0, END + 730 * DAY - 1, END},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct plan_ca_policy p = policy;
		struct plan_dates d;

		p.overlap = cases[i].overlap;
		d = plan_next_dates(&p, END, cases[i].now);
		if (d.from != cases[i].from || d.until != cases[i].from + p.lifetime_ca)
			fail_msg("%s", cases[i].sentence);
	}
}

static void
timers_are_sorted(void **state)
{
	static const struct {
		const char *sentence;
		enum twist twist;
		size_t n;
		struct plan_row rows[TIMER_COUNT];
	} cases[] = {
	    {"list, then end", QUIET, 2,
		{{TIMER_CRL_UPDATE, START + 6 * HOUR}, {TIMER_CERT_EXPIRE, END}}},
	    {"a request before both", REQUEST, 3,
		{{TIMER_REQUEST_EXPIRE, START + 30 * MINUTE},
		    {TIMER_CRL_UPDATE, START + 6 * HOUR}, {TIMER_CERT_EXPIRE, END}}},
	    {"without a list only the end", NO_CRL, 1, {{TIMER_CERT_EXPIRE, END}}},
	    {"without a certificate nothing", NO_CERT, 0, {{TIMER_COUNT, 0}}},
	    {"shut down: nothing", DOWN, 0, {{TIMER_COUNT, 0}}},
	    {"no clock: nothing", NO_CLOCK, 0, {{TIMER_COUNT, 0}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct plan_row rows[TIMER_COUNT];
		struct plan_ca_policy p;
		struct plan_ca_facts f = facts(cases[i].twist, &p);
		size_t n = plan_ca_timers(&p, &f, rows);

		if (n != cases[i].n)
			fail_msg("%s: %zu rows", cases[i].sentence, n);
		for (size_t r = 0; r < n; r++)
			if (rows[r].timer != cases[i].rows[r].timer ||
			    rows[r].at != cases[i].rows[r].at)
				fail_msg("%s: row %zu is %d at %ld", cases[i].sentence, r,
				    (int)rows[r].timer, (long)rows[r].at);
	}
}

/* The last list's timer is the CA's end: no list is signed behind it. */
static void
the_last_list_ends_with_the_ca(void **state)
{
	struct plan_row rows[TIMER_COUNT];
	struct plan_ca_policy p;
	struct plan_ca_facts f = facts(QUIET, &p);

	(void)state;
	f.crl_signed_at = END - HOUR;
	assert_int_equal(plan_ca_timers(&p, &f, rows), 2);
	assert_int_equal(rows[0].at, END);
	assert_int_equal(rows[1].at, END);
	assert_int_equal(plan_ca(&p, &f, END - 1).act, PLAN_NONE);
	assert_int_equal(plan_ca(&p, &f, END - 1).wake, END);
}

/* S41 and S42: what the source document prints at 13:19:58.946, to the second. */
static void
timers_as_ios_printed_them_S41_S42(void **state)
{
	int64_t now_ms = (START + 5 * MINUTE + 42) * 1000 + 946;
	struct plan_row rows[TIMER_COUNT];
	struct plan_ca_policy p;
	struct plan_ca_facts f = facts(QUIET, &p);
	char text[WHEN_TEXT];

	(void)state;
	assert_string_equal(when_ios(now_ms / 1000, text), "13:19:58 UTC Oct 9 2015");
	p.auto_rollover = true;
	p.rollover = 90 * DAY;
	assert_int_equal(plan_ca_timers(&p, &f, rows), 3);
	assert_int_equal(rows[0].timer, TIMER_CRL_UPDATE);
	span_ios(rows[0].at * 1000 - now_ms, text);
	assert_memory_equal(text, "5:54:17.", 8);
	assert_int_equal(rows[1].timer, TIMER_ROLLOVER);
	span_ios(rows[1].at * 1000 - now_ms, text);
	assert_memory_equal(text, "639d23:54:17.", 13);
	assert_int_equal(rows[2].timer, TIMER_CERT_EXPIRE);
	span_ios(rows[2].at * 1000 - now_ms, text);
	assert_memory_equal(text, "729d23:54:17.", 13);
	f.next.have_cert = true; /* S52 */
	assert_int_equal(plan_ca_timers(&p, &f, rows), 2);
}

static void
a_list_is_valid_one_overlap_longer(void **state)
{
	static const struct {
		const char *sentence;
		when_t from, until, next;
	} cases[] = {
	    {"period and overlap", START, END, START + 12 * HOUR},
	    {"capped at the generation's end", END - 12 * HOUR + 1, END, END},
	    {"just not capped", END - 12 * HOUR - 1, END, END - 1},
	    {"no end, no overflow", WHEN_NEVER - HOUR, WHEN_NEVER, WHEN_NEVER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (plan_crl_next(&policy, cases[i].until, cases[i].from) != cases[i].next)
			fail_msg("%s", cases[i].sentence);
}

static void
no_certificate_outlives_its_issuer_S60(void **state)
{
	static const struct {
		const char *sentence;
		when_t from, until;
	} cases[] = {
	    {"a year", START, START + 365 * DAY},
	    {"a year that just fits", END - 365 * DAY, END},
	    {"a year that does not fit", END - 365 * DAY + 1, END},
	    {"a day before the end", END - DAY, END},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (plan_cert_until(&policy, END, cases[i].from) != cases[i].until)
			fail_msg("%s", cases[i].sentence);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_due_and_next_look),
	    cmocka_unit_test(next_generation_comes_in_order),
	    cmocka_unit_test(balance_is_what_was_cut_off),
	    cmocka_unit_test(overlapping_they_are_linked_first),
	    cmocka_unit_test(cancelled_it_is_held_up),
	    cmocka_unit_test(without_the_word_nothing_follows),
	    cmocka_unit_test(replaced_keys_end),
	    cmocka_unit_test(next_dates_S46),
	    cmocka_unit_test(timers_are_sorted),
	    cmocka_unit_test(the_last_list_ends_with_the_ca),
	    cmocka_unit_test(timers_as_ios_printed_them_S41_S42),
	    cmocka_unit_test(a_list_is_valid_one_overlap_longer),
	    cmocka_unit_test(no_certificate_outlives_its_issuer_S60),
	};

	return cmocka_run_group_tests_name("plan_ca", tests, NULL, NULL);
}
