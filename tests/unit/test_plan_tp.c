/* test_plan_tp.c - tests of what is due for a trustpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

#define START ((when_t)1444392856) /* 12:14:16 UTC Oct 9 2015: the source document's CA */
#define END (START + 730 * DAY)
#define DAY_OF(d) (START + (d)*DAY)
#define RENEW_AT DAY_OF(292)
#define SHADOW_AT (DAY_OF(700) + 69120) /* day 700.8 */
#define TRUST_AT DAY_OF(657)
/* The longest waits, less what the draw of 128 takes. */
#define SLOW ((when_t)39258)
#define DARK ((when_t)818)
#define DARK_FOR_A_DAY ((when_t)4908)

enum who { AUTO, SHADOW_ONLY, NO_AUTO, TERMINAL, BY_HAND, IOS, SPREAD, TEN };
static const struct plan_tp_policy policies[] = {
    [AUTO] = {true, true, true, false, 80, 0, 999, MINUTE, false},
    [SHADOW_ONLY] = {true, true, true, true, 80, 0, 999, MINUTE, false},
    [NO_AUTO] = {true, true, false, false, 0, 0, 999, MINUTE, false},
    [TERMINAL] = {false, true, true, false, 80, 0, 999, MINUTE, false},
    [BY_HAND] = {true, false, true, false, 80, 0, 999, MINUTE, false},
    [IOS] = {true, true, true, false, 80, 0, 999, MINUTE, true},
    [SPREAD] = {true, true, true, false, 80, 10 * DAY, 999, MINUTE, false},
    [TEN] = {true, true, true, false, 80, 0, 10, MINUTE, false},
};

/* Facts by parts. */
#define CA .clock_trusted = true, .authenticated = true, .ca_from = START, .ca_until = END
#define CAPS .caps_known = true, .caps_next_ca = true
#define ID(from, until)                                                                        \
	.have_id = true, .id_from = DAY_OF(from), .id_until = DAY_OF(until), .issuer_until = END
#define NEXT(day) .have_next_ca = true, .next_ca_from = DAY_OF(day)
#define SHADOW(day) .have_shadow = true, .shadow_from = DAY_OF(day)
/* Nothing usable was answered n times, last on that day; the draw takes and adds little. */
#define SILENT(day, n)                                                                         \
	{                                                                                      \
		ANSWER_NONE, DAY_OF(day), n, 0, 128                                            \
	}
#define REFUSED(day)                                                                           \
	{                                                                                      \
		ANSWER_REJECT, DAY_OF(day), 1, 0, 0                                            \
	}
#define ASKED(day, n)                                                                          \
	{                                                                                      \
		ANSWER_PENDING, DAY_OF(day), n, 0, 128                                         \
	}

static const struct {
	const char *sentence;
	enum who who;
	struct plan_tp_facts f;
	when_t now;
	enum plan_tp_act act;
	when_t wake; /* when nothing is due */
	enum plan_tp_state is;
} looks[] = {
    {"without authority of the clock nothing runs", AUTO, {.authenticated = true}, START,
	TP_NONE, WHEN_NEVER, TP_IS_WITHOUT_CLOCK},
    {"with a fingerprint it authenticates by itself", AUTO, {.clock_trusted = true}, START,
	TP_AUTHENTICATE, 0, TP_IS_AUTHENTICATING},
    {"without one it waits, and sends nothing (S34)", BY_HAND, {.clock_trusted = true}, START,
	TP_NONE, WHEN_NEVER, TP_IS_UNAUTHENTICATED},
    {"without an address too", TERMINAL, {.clock_trusted = true}, START, TP_NONE, WHEN_NEVER,
	TP_IS_UNAUTHENTICATED},
    {"a server that is away is asked again in a minute", AUTO,
	{.clock_trusted = true, .fetch = SILENT(0, 1)}, START, TP_NONE, START + 60,
	TP_IS_AUTHENTICATING},
    {"a wrong fingerprint is asked again slowly", AUTO,
	{.clock_trusted = true, .fetch = REFUSED(0)}, START, TP_NONE, START + 12 * HOUR,
	TP_IS_REJECTED},
    {"in IOS form never", IOS, {.clock_trusted = true, .fetch = REFUSED(0)}, START, TP_NONE,
	WHEN_NEVER, TP_IS_STOPPED},
    {"with a CA it asks for capabilities by itself (S28)", AUTO, {CA}, START, TP_GET_CAPS, 0,
	TP_IS_TRUSTING},
    {"without an address it does not", TERMINAL, {CA}, START, TP_NONE, END, TP_IS_TRUSTING},

    {"then it enrols", AUTO, {CA, CAPS}, START, TP_ENROL, 0, TP_IS_ENROLLING},
    {"shadow-only does not", SHADOW_ONLY, {CA, CAPS}, START, TP_NONE, TRUST_AT, TP_IS_TRUSTING},
    {"nor without auto-enroll", NO_AUTO, {CA, CAPS}, START, TP_NONE, TRUST_AT, TP_IS_TRUSTING},
    {"unless an operator says so", NO_AUTO, {CA, CAPS, .enrol_asked = true}, START, TP_ENROL, 0,
	TP_IS_ENROLLING},
    {"one exchange at a time", AUTO, {CA, CAPS, .busy = true}, START, TP_NONE, TRUST_AT,
	TP_IS_ENROLLING},
    {"pending: POLL after 60 s (S70)", AUTO, {CA, CAPS, .pending = true, .ask = ASKED(0, 1)},
	START, TP_NONE, START + 60, TP_IS_POLLING},
    {"then it polls", AUTO, {CA, CAPS, .pending = true, .ask = ASKED(0, 1)}, START + 60,
	TP_POLL, 0, TP_IS_POLLING},
    {"polls behind the count are slow, not over", TEN,
	{CA, CAPS, .pending = true, .ask = ASKED(0, 11)}, START, TP_NONE, START + 39258,
	TP_IS_EXHAUSTED},
    {"a request of an operator is polled for without auto-enroll", NO_AUTO,
	{CA, CAPS, .pending = true}, START, TP_POLL, 0, TP_IS_POLLING},
    {"nobody enrolls with an ended CA: its successor first", AUTO, {CA, CAPS, .pending = true},
	END, TP_GET_NEXT_CA, 0, TP_IS_LATE},

    {"an enrolled one sleeps until RENEW at 292 days (S22)", AUTO, {CA, CAPS, ID(0, 365)},
	START, TP_NONE, RENEW_AT, TP_IS_ENROLLED},
    {"a second before nothing is due", AUTO, {CA, CAPS, ID(0, 365)}, RENEW_AT - 1, TP_NONE,
	RENEW_AT, TP_IS_ENROLLED},
    {"at 80 % to the second RENEW is", AUTO, {CA, CAPS, ID(0, 365)}, RENEW_AT, TP_RENEW, 0,
	TP_IS_RENEWING},
    {"days later it still is", AUTO, {CA, CAPS, ID(0, 365)}, DAY_OF(364), TP_RENEW, 0,
	TP_IS_RENEWING},
    {"a dead identity is enrolled for anew (R16)", AUTO, {CA, CAPS, ID(0, 365)}, DAY_OF(365),
	TP_ENROL, 0, TP_IS_ENROLLING},
    {"shadow-only lets it die", SHADOW_ONLY, {CA, CAPS, ID(0, 365)}, DAY_OF(365), TP_NONE,
	TRUST_AT, TP_IS_EXPIRED},
    {"an operator renews before the time (R15)", AUTO,
	{CA, CAPS, ID(0, 365), .enrol_asked = true}, DAY_OF(1), TP_RENEW, 0, TP_IS_RENEWING},
    {"offline: again in a minute", AUTO, {CA, CAPS, ID(0, 365), .ask = SILENT(292, 1)},
	RENEW_AT, TP_NONE, RENEW_AT + 60, TP_IS_RENEWING},
    {"after 999 retries slowly, for good", AUTO,
	{CA, CAPS, ID(0, 365), .ask = SILENT(300, 1000)}, DAY_OF(300), TP_NONE,
	DAY_OF(300) + 39258, TP_IS_EXHAUSTED},
    {"a reject holds for 12 h (ours)", AUTO, {CA, CAPS, ID(0, 365), .ask = REFUSED(292)},
	RENEW_AT, TP_NONE, RENEW_AT + 12 * HOUR, TP_IS_REJECTED},
    {"then it is tried again", AUTO, {CA, CAPS, ID(0, 365), .ask = REFUSED(292)},
	RENEW_AT + 12 * HOUR, TP_RENEW, 0, TP_IS_REJECTED},
    {"with two days to live after 4 h 48 min", AUTO,
	{CA, CAPS, ID(0, 365), .ask = REFUSED(363)}, DAY_OF(363), TP_NONE, DAY_OF(363) + 17280,
	TP_IS_REJECTED},
    {"IOS stops at a reject (S69)", IOS, {CA, CAPS, ID(0, 365), .ask = REFUSED(292)},
	DAY_OF(300), TP_NONE, DAY_OF(365), TP_IS_STOPPED},
    {"until its operator acts (R17)", IOS, {CA, CAPS, ID(0, 365), .enrol_asked = true},
	DAY_OF(300), TP_RENEW, 0, TP_IS_RENEWING},
    {"IOS retries in silence", IOS, {CA, CAPS, ID(0, 365), .ask = SILENT(292, 3)}, RENEW_AT,
	TP_NONE, RENEW_AT + 120, TP_IS_RENEWING},
    {"on to the CA's end, though its identity has ended (S71)", IOS,
	{CA, CAPS, ID(0, 365), .ask = SILENT(364, 20)}, DAY_OF(364), TP_NONE, DAY_OF(365),
	TP_IS_RENEWING},
    {"a trouble of the future holds nothing up", AUTO,
	{CA, CAPS, ID(0, 365), .ask = SILENT(3000, 9)}, RENEW_AT, TP_RENEW, 0, TP_IS_RENEWING},
    {"a spread only delays", SPREAD, {CA, CAPS, ID(0, 365), .spread_draw = 32768}, RENEW_AT,
	TP_NONE, RENEW_AT + 5 * DAY, TP_IS_ENROLLED},

    {"equal ends: SHADOW instead (S61)", AUTO, {CA, CAPS, ID(584, 730)}, DAY_OF(640), TP_NONE,
	SHADOW_AT, TP_IS_ENROLLED},
    {"at 80 % to the second the next CA is asked for", AUTO, {CA, CAPS, ID(584, 730)},
	SHADOW_AT, TP_GET_NEXT_CA, 0, TP_IS_WAITING_NEXT_CA},
    {"also by shadow-only", SHADOW_ONLY, {CA, CAPS, ID(584, 730)}, SHADOW_AT, TP_GET_NEXT_CA, 0,
	TP_IS_WAITING_NEXT_CA},
    {"there is none yet: CONNECT RETRY (R6)", AUTO,
	{CA, CAPS, ID(584, 730), .fetch = SILENT(701, 1)}, DAY_OF(701), TP_NONE,
	DAY_OF(701) + 60, TP_IS_WAITING_NEXT_CA},
    {"Retry-After says when", AUTO,
	{CA, CAPS, ID(584, 730), .fetch = {ANSWER_NONE, DAY_OF(701), 1, DAY_OF(702), 0}},
	DAY_OF(701), TP_NONE, DAY_OF(702), TP_IS_WAITING_NEXT_CA},
    {"a server that offers none is asked, and said to offer none", AUTO,
	{CA, .caps_known = true, ID(584, 730)}, SHADOW_AT, TP_GET_NEXT_CA, 0,
	TP_IS_WITHOUT_ROLLOVER},
    {"with the next CA the shadow (R7)", AUTO, {CA, CAPS, ID(584, 730), NEXT(730)}, SHADOW_AT,
	TP_REQUEST_SHADOW, 0, TP_IS_REQUESTING_SHADOW},
    {"not before SHADOW, though the next CA is known", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730)}, DAY_OF(650), TP_NONE, SHADOW_AT, TP_IS_ENROLLED},
    {"a stored shadow is told", AUTO, {CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730)},
	DAY_OF(702), TP_CONFIRM, 0, TP_IS_READY},
    {"once", AUTO, {CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730), .confirmed = true},
	DAY_OF(702), TP_NONE, END, TP_IS_READY},
    {"an identity that ends before its shadow begins is renewed till then", AUTO,
	{CA, CAPS, ID(600, 650), NEXT(730), SHADOW(730)}, DAY_OF(640), TP_RENEW, 0,
	TP_IS_READY},
    {"when it is due", AUTO, {CA, CAPS, ID(600, 650), NEXT(730), SHADOW(730)}, DAY_OF(639),
	TP_NONE, DAY_OF(640), TP_IS_READY},
    {"also as one that has ended", AUTO,
	{CA, CAPS, ID(600, 650), NEXT(730), SHADOW(730), .confirmed = true}, DAY_OF(651),
	TP_ENROL, 0, TP_IS_READY},
    {"one that reaches it is not", AUTO,
	{CA, CAPS, ID(600, 720), NEXT(720), SHADOW(720), .confirmed = true}, DAY_OF(719),
	TP_NONE, DAY_OF(720), TP_IS_READY},
    {"less than a retry is left: at once (TF-08)", AUTO,
	{CA, CAPS, .have_id = true, .id_from = END - 295, .id_until = END, .issuer_until = END},
	END - 295, TP_GET_NEXT_CA, 0, TP_IS_WAITING_NEXT_CA},
    {"five seconds more and it is exact", AUTO,
	{CA, CAPS, .have_id = true, .id_from = END - 300, .id_until = END, .issuer_until = END},
	END - 300, TP_NONE, END - 60, TP_IS_ENROLLED},
    {"a short renewal is exact too: it would come back as short", AUTO,
	{CA, CAPS, .have_id = true, .id_from = START, .id_until = START + 100,
	    .issuer_until = END},
	START, TP_NONE, START + 80, TP_IS_ENROLLED},

    {"a second before T nothing", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730), .confirmed = true}, END - 1, TP_NONE,
	END, TP_IS_READY},
    {"at T to the second the switch", AUTO, {CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730)},
	END, TP_ACTIVATE, 0, TP_IS_READY},
    {"also years late (INV-14)", AUTO, {CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730)},
	DAY_OF(3000), TP_ACTIVATE, 0, TP_IS_READY},
    {"also while something is under way", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730), .busy = true}, END, TP_ACTIVATE, 0,
	TP_IS_READY},
    {"overlap: a valid shadow waits for T", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(720), SHADOW(720), .confirmed = true}, DAY_OF(725),
	TP_NONE, END, TP_IS_READY},
    {"a shadow that starts late makes the switch late", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730), SHADOW(731)}, END, TP_NONE, DAY_OF(731),
	TP_IS_READY},
    {"an identity below a shorter CA takes a valid shadow at its end", AUTO,
	{CA, CAPS, .have_id = true, .id_from = DAY_OF(584), .id_until = DAY_OF(725),
	    .issuer_until = DAY_OF(725), NEXT(720), SHADOW(720)},
	DAY_OF(725), TP_ACTIVATE, 0, TP_IS_READY},
    {"no shadow: the next CA alone takes over", AUTO, {CA, CAPS, ID(584, 730), NEXT(730)}, END,
	TP_ACTIVATE, 0, TP_IS_LATE},
    {"a next CA that starts later leaves a gap", AUTO, {CA, CAPS, ID(584, 730), NEXT(740)}, END,
	TP_NONE, DAY_OF(740), TP_IS_LATE},
    {"dark: within a quarter of an hour, whatever came before", AUTO,
	{CA, CAPS, ID(0, 365), .ask = SILENT(365, 40)}, DAY_OF(365), TP_NONE,
	DAY_OF(365) + DARK, TP_IS_ENROLLING},
    {"refused too", AUTO, {CA, CAPS, ID(0, 365), .ask = REFUSED(366)}, DAY_OF(366), TP_NONE,
	DAY_OF(366) + 90 * MINUTE, TP_IS_REJECTED},
    {"what hinders it as well", AUTO, {CA, ID(0, 365), .fetch = SILENT(365, 40)}, DAY_OF(365),
	TP_NONE, DAY_OF(365) + DARK, TP_IS_EXPIRED},
    {"an identity that nobody renews is not dark", SHADOW_ONLY,
	{CA, CAPS, ID(0, 365), .fetch = SILENT(658, 40)}, DAY_OF(658), TP_NONE,
	DAY_OF(658) + SLOW, TP_IS_WAITING_NEXT_CA},
    {"its CA has ended, and there is no next one: dark", AUTO,
	{CA, CAPS, ID(584, 730), .fetch = SILENT(731, 40)}, DAY_OF(731), TP_NONE,
	DAY_OF(731) + DARK_FOR_A_DAY, TP_IS_LATE},
    {"also without auto-enroll", NO_AUTO, {CA, CAPS, .fetch = SILENT(731, 40)}, DAY_OF(731),
	TP_NONE, DAY_OF(731) + DARK_FOR_A_DAY, TP_IS_LATE},
    {"left behind with a request that waits: dark", AUTO,
	{CA, CAPS, .behind = true, .pending = true, .ask = ASKED(-1, 40)}, DAY_OF(-1), TP_NONE,
	DAY_OF(-1) + DARK, TP_IS_POLLING},
    {"shadow-only follows its CA late: it asks", SHADOW_ONLY,
	{CA, CAPS, .behind = true, .late = true}, DAY_OF(1), TP_ENROL, 0, TP_IS_ENROLLING},
    {"and often", SHADOW_ONLY, {CA, CAPS, .behind = true, .late = true, .ask = SILENT(1, 40)},
	DAY_OF(1), TP_NONE, DAY_OF(1) + DARK, TP_IS_ENROLLING},
    {"it does not when that had ended before", SHADOW_ONLY, {CA, CAPS, .behind = true},
	DAY_OF(1), TP_NONE, TRUST_AT, TP_IS_TRUSTING},
    {"nor is it dark then", SHADOW_ONLY, {CA, CAPS, .behind = true, .fetch = SILENT(658, 40)},
	DAY_OF(658), TP_NONE, DAY_OF(658) + SLOW, TP_IS_WAITING_NEXT_CA},
    {"a first request is not", AUTO, {CA, CAPS, .pending = true, .ask = ASKED(1, 40)},
	DAY_OF(1), TP_NONE, DAY_OF(1) + SLOW, TP_IS_POLLING},
    {"a suspect clock switches nothing", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730), .clock_suspect = true,
	    .confirmed = true},
	END, TP_NONE, WHEN_NEVER, TP_IS_FROZEN},
    {"before T it may be suspect", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730), .clock_suspect = true,
	    .confirmed = true},
	END - 1, TP_NONE, END, TP_IS_READY},
    {"too late without the next CA: it is still asked for", AUTO, {CA, CAPS, ID(584, 730)},
	DAY_OF(800), TP_GET_NEXT_CA, 0, TP_IS_LATE},

    {"without auto-enroll the next CA at 90 % (S32)", NO_AUTO, {CA, CAPS}, TRUST_AT,
	TP_GET_NEXT_CA, 0, TP_IS_WAITING_NEXT_CA},
    {"a short identity got by hand changes nothing", NO_AUTO, {CA, CAPS, ID(0, 1)}, DAY_OF(2),
	TP_NONE, TRUST_AT, TP_IS_EXPIRED},
    {"then nothing but the switch", NO_AUTO, {CA, CAPS, NEXT(730)}, TRUST_AT, TP_NONE, END,
	TP_IS_TRUSTING},
    {"a server without rollover is asked at the end", NO_AUTO, {CA, .caps_known = true},
	TRUST_AT, TP_NONE, END, TP_IS_TRUSTING},
    {"one that waits for its first identity asks at 90 % too", AUTO,
	{CA, CAPS, .pending = true, .ask = ASKED(657, 20)}, TRUST_AT, TP_GET_NEXT_CA, 0,
	TP_IS_POLLING},
    {"one that renews leaves it to SHADOW", AUTO, {CA, CAPS, ID(650, 720)}, TRUST_AT, TP_NONE,
	DAY_OF(706), TP_IS_ENROLLED},
};

static void
first_due_and_next_look(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(looks); i++) {
		struct plan_tp plan =
		    plan_tp(&policies[looks[i].who], &looks[i].f, looks[i].now);

		if (plan.act != looks[i].act)
			fail_msg("%s: act %d", looks[i].sentence, (int)plan.act);
		if (plan.act == TP_NONE && plan.wake != looks[i].wake)
			fail_msg("%s: wakes at %ld, %ld s later", looks[i].sentence,
			    (long)plan.wake, (long)(plan.wake - looks[i].now));
		if (plan.state != looks[i].is)
			fail_msg("%s: state %d", looks[i].sentence, (int)plan.state);
	}
}

/* ios-pki.md 3.5: what a client of the source document does, enrolled on that day. */
static void
days_of_the_source_document(void **state)
{
	static const struct {
		when_t enrolled, renewals[2]; /* days, 0: none */
		when_t shadow;		      /* seconds from the start */
	} days[] = {
	    {0, {292, 584}, 700 * DAY + 69120}, /* 700.8 */
	    {90, {382, 0}, 660 * DAY + 34560},
	    {200, {492, 0}, 682 * DAY + 34560},
	    {364, {656, 0}, 715 * DAY + 17280},
	    {365, {0, 0}, 657 * DAY},
	    {700, {0, 0}, 724 * DAY},
	    {729, {0, 0}, 729 * DAY + 69120},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		struct plan_tp_facts f = {CA, CAPS, .have_id = true, .issuer_until = END};
		struct plan_tp plan;

		f.id_from = DAY_OF(days[i].enrolled);
		for (size_t k = 0; k <= 2; k++) {
			f.id_until = when_min(f.id_from + 365 * DAY, END);
			plan = plan_tp(&policies[AUTO], &f, f.id_from);
			assert_int_equal(plan.act, TP_NONE);
			if (f.id_until == END)
				break;
			assert_int_equal(plan_tp(&policies[AUTO], &f, plan.wake).act, TP_RENEW);
			assert_int_equal(plan.wake, DAY_OF(days[i].renewals[k]));
			f.id_from = plan.wake;
		}
		assert_int_equal(plan.wake, START + days[i].shadow);
		assert_int_equal(plan_tp(&policies[AUTO], &f, plan.wake).act, TP_GET_NEXT_CA);
	}
}

/* What IOS routers printed, to the second (ios-pki.md 3.2). */
static void
instants_as_ios_printed_them(void **state)
{
	static const struct {
		const char *sentence, *from;
		when_t life;
		unsigned percent;
		const char *at;
	} cases[] = {
	    {"SHADOW of a CA of 364 days", "2025-06-09T18:38:51Z", 364 * DAY, 90,
		"2026-05-03T09:02:51Z"},
	    {"SHADOW of a CA of 1095 days", "2022-01-15T08:48:17Z", 1095 * DAY, 90,
		"2024-09-26T20:48:17Z"},
	    {"RENEW at half of 30 minutes", "2025-06-09T18:38:51Z", 30 * MINUTE, 50,
		"2025-06-09T18:53:51Z"},
	    {"RENEW at 80 % of 365 days is 292 days", "2015-10-09T12:14:16Z", 365 * DAY, 80,
		"2016-07-27T12:14:16Z"},
	    {"SHADOW on day 700.8", "2017-05-15T12:14:16Z", 146 * DAY, 80,
		"2017-09-09T07:26:16Z"},
	    {"parts of a second are dropped", "2015-10-09T12:14:16Z", 99, 90,
		"2015-10-09T12:15:45Z"},
	    {"twenty years, over 2038 and 2050", "2030-02-28T23:59:59Z", 7305 * DAY, 99,
		"2049-12-17T22:47:59Z"},
	    {"a leap day", "2028-02-27T12:00:00Z", 4 * DAY, 50, "2028-02-29T12:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[WHEN_TEXT];
		when_t from, at;

		assert_true(when_parse(cases[i].from, &from));
		at = plan_percent(from, from + cases[i].life, cases[i].percent);
		if (strcmp(when_rfc3339(at, text), cases[i].at) != 0)
			fail_msg("%s: %s", cases[i].sentence, text);
	}
	assert_int_equal(plan_percent(0, WHEN_NEVER, 50), WHEN_NEVER / 2);
	assert_int_equal(plan_percent(START, WHEN_NEVER, 100), WHEN_NEVER);
}

static const struct {
	const char *sentence;
	enum who who;
	struct plan_tp_facts f;
	when_t now;
	size_t n;
	struct plan_tp_row rows[TIMER_TP_COUNT];
} lists[] = {
    {"no clock: nothing", AUTO, {.authenticated = true}, START, 0, {{TIMER_RENEW, 0}}},
    {"RENEW runs before authentication (S34)", AUTO, {.clock_trusted = true}, START, 1,
	{{TIMER_RENEW, START}}},
    {"not without auto-enroll", NO_AUTO, {.clock_trusted = true}, START, 0, {{TIMER_RENEW, 0}}},
    {"nor without an address", TERMINAL, {.clock_trusted = true}, START, 0, {{TIMER_RENEW, 0}}},
    {"and CONNECT RETRY beside it", AUTO, {.clock_trusted = true, .fetch = SILENT(0, 1)}, START,
	2, {{TIMER_RENEW, START}, {TIMER_CONNECT_RETRY, START + 60}}},
    {"capabilities have no timer", NO_AUTO, {CA}, START, 0, {{TIMER_RENEW, 0}}},
    {"enrolling is RENEW, due now; SHADOW at 90 %", AUTO, {CA, CAPS}, START + 5, 2,
	{{TIMER_RENEW, START + 5}, {TIMER_SHADOW, TRUST_AT}}},
    {"enrolled: RENEW alone (S61)", AUTO, {CA, CAPS, ID(0, 365)}, START, 1,
	{{TIMER_RENEW, RENEW_AT}}},
    {"pending: POLL (S70)", AUTO, {CA, CAPS, ID(0, 365), .pending = true, .ask = ASKED(292, 1)},
	RENEW_AT, 1, {{TIMER_POLL, RENEW_AT + 60}}},
    {"unreachable: CONNECT RETRY (R10)", AUTO, {CA, CAPS, ID(0, 365), .ask = SILENT(292, 1)},
	RENEW_AT, 1, {{TIMER_CONNECT_RETRY, RENEW_AT + 60}}},
    {"a poll that is not answered: CONNECT RETRY", AUTO,
	{CA, CAPS, ID(0, 365), .pending = true, .ask = SILENT(292, 1)}, RENEW_AT, 1,
	{{TIMER_CONNECT_RETRY, RENEW_AT + 60}}},
    {"rejected: RENEW, slowly", AUTO, {CA, CAPS, ID(0, 365), .ask = REFUSED(292)}, RENEW_AT, 1,
	{{TIMER_RENEW, RENEW_AT + 12 * HOUR}}},
    {"IOS stops the timer at a reject (S69)", IOS, {CA, CAPS, ID(0, 365), .ask = REFUSED(292)},
	RENEW_AT, 0, {{TIMER_RENEW, 0}}},
    {"equal ends: SHADOW alone", AUTO, {CA, CAPS, ID(584, 730)}, DAY_OF(640), 1,
	{{TIMER_SHADOW, SHADOW_AT}}},
    {"no next CA: CONNECT RETRY (R6)", AUTO, {CA, CAPS, ID(584, 730), .fetch = SILENT(701, 1)},
	DAY_OF(701), 1, {{TIMER_CONNECT_RETRY, DAY_OF(701) + 60}}},
    {"the shadow is asked for: SHADOW, and the switch", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730)}, SHADOW_AT, 2,
	{{TIMER_SHADOW, SHADOW_AT}, {TIMER_ACTIVATE, END}}},
    {"its POLL and the switch", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730), .pending = true, .ask = ASKED(701, 1)}, DAY_OF(701),
	2, {{TIMER_POLL, DAY_OF(701) + 60}, {TIMER_ACTIVATE, END}}},
    {"ready: the switch alone (R4)", AUTO, {CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730)},
	DAY_OF(702), 1, {{TIMER_ACTIVATE, END}}},
    {"a frozen switch stays in the list, as due", AUTO,
	{CA, CAPS, ID(584, 730), NEXT(730), SHADOW(730), .clock_suspect = true}, END + 9, 1,
	{{TIMER_ACTIVATE, END + 9}}},
    {"without auto-enroll SHADOW at 90 %", NO_AUTO, {CA, CAPS}, START, 1,
	{{TIMER_SHADOW, TRUST_AT}}},
    {"both out of reach: one row, the earlier", AUTO,
	{CA, CAPS, .ask = SILENT(657, 2), .fetch = SILENT(657, 1)}, TRUST_AT, 1,
	{{TIMER_CONNECT_RETRY, TRUST_AT + 60}}},
    {"whichever it is, and sorted", AUTO,
	{CA, CAPS, ID(0, 365), NEXT(730), .ask = SILENT(292, 1)}, RENEW_AT, 2,
	{{TIMER_CONNECT_RETRY, RENEW_AT + 60}, {TIMER_ACTIVATE, END}}},
    {"a renewal that is late and the next CA", AUTO,
	{CA, CAPS, ID(0, 365), .ask = ASKED(700, 1), .pending = true, .fetch = REFUSED(700)},
	DAY_OF(700), 2,
	{{TIMER_POLL, DAY_OF(700) + 60}, {TIMER_SHADOW, DAY_OF(700) + 12 * HOUR}}},
    {"CONNECT RETRY before RENEW, though it is named later", AUTO,
	{CA, CAPS, .ask = REFUSED(657), .fetch = SILENT(657, 1)}, TRUST_AT, 2,
	{{TIMER_CONNECT_RETRY, TRUST_AT + 60}, {TIMER_RENEW, TRUST_AT + 12 * HOUR}}},
};

static void
timers_are_sorted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct plan_tp_row rows[TIMER_TP_COUNT];
		size_t n =
		    plan_tp_timers(&policies[lists[i].who], &lists[i].f, lists[i].now, rows);

		if (n != lists[i].n)
			fail_msg("%s: %zu rows", lists[i].sentence, n);
		for (size_t r = 0; r < n; r++)
			if (rows[r].timer != lists[i].rows[r].timer ||
			    rows[r].at != lists[i].rows[r].at)
				fail_msg("%s: row %zu is %d at %ld", lists[i].sentence, r,
				    (int)rows[r].timer, (long)(rows[r].at - lists[i].now));
	}
}

/* A capture eight seconds after a certificate of 365 days was stored: 291d23:59:52. */
static void
renew_as_ios_printed_it(void **state)
{
	struct plan_tp_facts f = {CA, CAPS, ID(0, 365)};
	struct plan_tp_row rows[TIMER_TP_COUNT];
	char text[WHEN_TEXT];

	(void)state;
	assert_int_equal(plan_tp_timers(&policies[AUTO], &f, START + 8, rows), 1);
	span_ios(rows[0].at * 1000 - ((START + 8) * 1000 - 231), text);
	assert_string_equal(text, "291d23:59:52.231");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_due_and_next_look),
	    cmocka_unit_test(days_of_the_source_document),
	    cmocka_unit_test(instants_as_ios_printed_them),
	    cmocka_unit_test(timers_are_sorted),
	    cmocka_unit_test(renew_as_ios_printed_it),
	};

	return cmocka_run_group_tests_name("plan_tp", tests, NULL, NULL);
}
