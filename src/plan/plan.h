/*
 * plan.h - door of plan: what is due, and when to look again.
 *
 * PURE: functions of policy, facts and now; flat structs without pointers. Facts are stored,
 * states derived. Asking early is harmless, asking late is only late.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/base.h"

struct plan_ca_policy {
	when_t lifetime_ca;   /* "lifetime ca-certificate", default 1095 d */
	when_t lifetime_cert; /* "lifetime certificate", default 365 d */
	when_t lifetime_crl;  /* period of re-signing, default 6 h */
	when_t crl_overlap; /* nextUpdate lies this far behind the next signing, default 6 h */
	when_t lifetime_request; /* "lifetime enrollment-request", default 168 h */
	bool shutdown;		 /* the server is configured but does not run */
	bool auto_rollover;
	when_t rollover; /* the next certificate is made this long before the active one ends */
	when_t overlap;	 /* and begins this long before that end */
	when_t late;	 /* "grant late": how long behind the switch; 0: not at all */
};

struct plan_generation { /* one CA certificate: what there is of it */
	bool have_key, have_cert, have_ra, archived;
	when_t cert_from, cert_until;			 /* when have_cert */
	bool busy_key, busy_cert, busy_ra, busy_archive; /* asked for, not answered yet */
};

struct plan_ca_facts {
	bool clock_trusted;
	struct plan_generation active, next;
	bool want_archive;    /* each pair is to be archived once */
	bool want_ra;	      /* each has a certificate of its own for envelopes and replies */
	bool have_crl;	      /* of every generation with a certificate, from one snapshot */
	when_t crl_signed_at; /* thisUpdate of the newest lists */
	bool crl_stale;	      /* something was revoked since, or a certificate has none yet */
	bool busy_crl;
	bool rollover_asked;	       /* by hand */
	when_t rollover_from;	       /* not by itself before: the one before was cancelled */
	bool have_links, busy_links;   /* between two that overlap */
	bool announced, busy_announce; /* the next certificate, signed by the active key */
	when_t old_until;	       /* a replaced key is kept until then; WHEN_NEVER: none */
	when_t held_until;	       /* after a failed effect: nothing before this */
	when_t request_expiry; /* earliest expiry among stored requests, WHEN_NEVER: none */
	when_t challenge_expiry;
};

enum plan_act {
	PLAN_NONE,
	PLAN_MAKE_KEY,
	PLAN_MAKE_CERT,
	PLAN_MAKE_CRL,
	PLAN_MAKE_RA,
	PLAN_ARCHIVE,
	PLAN_LINK,     /* let each certify the other's key */
	PLAN_ANNOUNCE, /* let GetNextCACert be answered */
	PLAN_SWITCH,
	PLAN_FORGET_OLD,
	PLAN_EXPIRE_REQUESTS,
	PLAN_EXPIRE_CHALLENGES,
};

/* Why nothing is due, for people: the words are show's. */
enum plan_state {
	STATE_SHUTDOWN,
	STATE_NO_CLOCK,
	STATE_STARTING,
	STATE_RUNNING,
	STATE_EXPIRED,
	STATE_HELD
};

struct plan_ca {
	enum plan_act act; /* first thing to do now */
	bool next;	   /* for the next generation, not the active one */
	when_t wake;	   /* act NONE: nothing becomes due before this; > now */
	enum plan_state state;
};
struct plan_ca plan_ca(
    const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now);

/* Dates of the generation behind one that ends at until, made now (IOS S46; DESIGN.md rule 1):
 * it begins at that end, or an overlap before it; if even its own end has passed, now. */
struct plan_dates {
	when_t from, until;
};
struct plan_dates plan_next_dates(const struct plan_ca_policy *p, when_t until, when_t now);
/* When the next generation is begun: INT64_MIN it is, or is asked for; WHEN_NEVER: not by
 * itself. */
when_t plan_rollover_due(const struct plan_ca_policy *p, const struct plan_ca_facts *f);
/* A key that was replaced at this instant is kept until then. */
when_t plan_old_until(const struct plan_ca_policy *p, when_t switched_at);

/* Rows of "show crypto pki timers", sorted by instant; returns how many were written. */
enum plan_timer {
	TIMER_CRL_UPDATE,
	TIMER_ROLLOVER,
	TIMER_CERT_EXPIRE,
	TIMER_REQUEST_EXPIRE,
	TIMER_COUNT
};
struct plan_row {
	enum plan_timer timer;
	when_t at;
};
size_t plan_ca_timers(const struct plan_ca_policy *p, const struct plan_ca_facts *f,
    struct plan_row out[TIMER_COUNT]);

/* nextUpdate of a list signed now: now + period + overlap, never behind the generation's end.
 */
when_t plan_crl_next(const struct plan_ca_policy *p, when_t cert_until, when_t now);
/* notAfter of a client certificate issued now: never behind the issuer's (IOS S60). */
when_t plan_cert_until(const struct plan_ca_policy *p, when_t ca_until, when_t from);
/* "lifetime shadow balance" (IOS R5): what a certificate that was cut short lacks of its
 * lifetime, but a tenth of that and 3 minutes at the least; all of it behind one that was not.
 */
when_t plan_balance(const struct plan_ca_policy *p, when_t from, when_t until);

/* ---- is the wall clock honest? ---- */

enum clock_state {
	CLOCK_HONEST,
	CLOCK_UNVOUCHED, /* nobody vouches for it */
	CLOCK_BEHIND,	 /* earlier than an instant at which we acted */
	CLOCK_LEAPT,	 /* further on than the boot clock allows */
	CLOCK_FAR,	 /* first look since the boot, long after the last instant known */
	CLOCK_STATES,
};

#define CLOCK_TOLERANCE MINUTE /* either way: NTP steps a little */
#define CLOCK_DRIFT 2000       /* and a second in as many, 500 ppm */
#define CLOCK_SETTLE MINUTE    /* after a leap, before the kernel's word counts */
#define CLOCK_FAR_SPAN (400 * DAY)

struct clock_look { /* what was seen together */
	when_t wall, boot;
	bool vouched;	   /* by the kernel, the configuration or the operator */
	bool synchronised; /* by the kernel: Linux takes that back at each step of the clock */
	bool confirmed;	   /* the operator vouches for this very time */
};

struct plan_clock {
	enum clock_state state;
	when_t mark;   /* latest honest wall time; INT64_MIN: none. It never falls */
	bool anchored; /* wall was honest when boot was this; since when we watch */
	when_t wall, boot;
	bool leapt;	   /* beyond what the anchor allows, */
	when_t leapt_boot; /* first seen so at */
};
/* Without an anchor, as behind a boot, only the mark is compared. */
struct plan_clock plan_clock(const struct plan_clock *before, const struct clock_look *look);
/*
 * The time for decisions. Never before the mark; not behind it either while the clock is not
 * honest: then time stands still.
 */
when_t plan_clock_now(const struct plan_clock *c, when_t wall);

/* ---- what is due for a trustpoint: plan_tp.c, plan_retry.c ---- */

#define PLAN_SHADOW_PERCENT 90 /* of the CA's life, without auto-enroll (S32) */

struct plan_tp_policy {
	bool url;	  /* "enrollment url": without it nothing is asked by itself */
	bool fingerprint; /* authenticates by itself, once, against this */
	bool auto_enroll;
	bool shadow_only; /* "auto-enroll shadow-only": neither enrols nor renews by itself */
	unsigned percent; /* of the identity's life, when auto_enroll */
	when_t spread;	  /* delays RENEW and SHADOW by at most this, default 0 */
	unsigned retry_count; /* default 999; slower behind it, IOS form: stops */
	when_t retry_period;  /* default 60 s; 1 s to 1 d */
	bool ios_stop_on_reject;
};

/* What the server made of the last exchange of its kind. */
enum plan_answer {
	ANSWER_GOOD,	/* or none was asked for */
	ANSWER_NONE,	/* unreachable, 4xx, 5xx, unusable: CONNECT RETRY */
	ANSWER_PENDING, /* POLL */
	ANSWER_REJECT,
};
struct plan_trouble { /* zero: none. Stored as it happens, zeroed by success and by "enroll" */
	enum plan_answer answer;
	when_t at;
	/* Since the last step forward (becoming pending is one), this one counted; 1 after one
	 * that lies in the future. */
	unsigned tries;
	when_t retry_after; /* instant that Retry-After named; nothing asked: 0 */
	uint8_t draw;	    /* random, drawn when it happened */
};

struct plan_tp_facts {
	bool clock_trusted;
	bool clock_suspect; /* jumped: nothing irreversible until somebody confirms */
	bool authenticated;
	when_t ca_from, ca_until; /* of the CA held, when authenticated */
	bool caps_known;	  /* the server answered, be it by refusing */
	bool caps_next_ca;
	bool have_id; /* under the CA held; what a switch left behind does not count */
	bool behind;  /* one is on the shelf, of a CA that was replaced, or its key is lost */
	bool
	    late; /* the last one was to have a shadow, and has none: that is asked for still */
	when_t id_from, id_until, issuer_until;
	uint16_t spread_draw; /* random, drawn when the identity was stored */
	bool have_next_ca;
	when_t next_ca_from;
	bool have_shadow; /* only with have_id and have_next_ca */
	when_t shadow_from;
	bool confirmed;	  /* the server knows that the shadow is stored, or cannot be told */
	bool enrol_asked; /* by an operator; until granted or rejected */
	bool pending;	  /* the server keeps our request */
	struct plan_trouble fetch, ask; /* of what is read; of what is requested */
	bool busy;			/* an exchange is under way */
};

enum plan_tp_act {
	TP_NONE,
	TP_ACTIVATE, /* next CA, and shadow if held, replace what was, in one step */
	TP_AUTHENTICATE,
	TP_GET_CAPS,
	TP_ENROL,
	TP_RENEW,
	TP_REQUEST_SHADOW,
	TP_POLL,
	TP_CONFIRM,
	TP_GET_NEXT_CA,
};

enum plan_tp_state {
	TP_IS_WITHOUT_CLOCK,
	TP_IS_UNAUTHENTICATED, /* an operator has to */
	TP_IS_AUTHENTICATING,
	TP_IS_FROZEN, /* due to switch, clock suspect */
	TP_IS_LATE,   /* its CA has ended and the next one is not known, or has not begun */
	TP_IS_READY,  /* holds its shadow */
	TP_IS_ENROLLING,
	TP_IS_RENEWING,
	TP_IS_REQUESTING_SHADOW,
	TP_IS_POLLING,
	TP_IS_WAITING_NEXT_CA,
	TP_IS_WITHOUT_ROLLOVER, /* the same, and the server does not offer one */
	TP_IS_REJECTED,		/* asks again, slowly */
	TP_IS_EXHAUSTED,	/* asks again, slowly */
	TP_IS_STOPPED,		/* IOS form: until an operator acts */
	TP_IS_EXPIRED,		/* its identity has ended and nobody told it to renew */
	TP_IS_ENROLLED,
	TP_IS_TRUSTING, /* holds a CA and wants no more for now */
};

struct plan_tp {
	enum plan_tp_act act; /* first thing to do now */
	/* act NONE: before this nothing becomes due and state stays; > now. */
	when_t wake;
	enum plan_tp_state state;
};
struct plan_tp plan_tp(
    const struct plan_tp_policy *p, const struct plan_tp_facts *f, when_t now);

/* Rows of "show crypto pki timers", sorted, one a kind; what is due stands at now. */
enum plan_tp_timer {
	TIMER_RENEW,
	TIMER_SHADOW,
	TIMER_POLL,
	TIMER_CONNECT_RETRY,
	TIMER_ACTIVATE,
	TIMER_TP_COUNT
};
struct plan_tp_row {
	enum plan_tp_timer timer;
	when_t at;
};
size_t plan_tp_timers(const struct plan_tp_policy *p, const struct plan_tp_facts *f, when_t now,
    struct plan_tp_row out[TIMER_TP_COUNT]);

/* The instant at which that much of a life is over, in whole seconds, rounded down. */
when_t plan_percent(when_t from, when_t until, unsigned percent);
/* When SHADOW or RENEW falls due for an identity: spread and "at once" (TF-08) included. */
when_t plan_tp_due(const struct plan_tp_policy *p, const struct plan_tp_facts *f);

/*
 * When to try again: INT64_MIN without trouble, WHEN_NEVER when the IOS form stops. Ours
 * never stops: period, doubled each time, -10 to +10 %, at most 12 h and at most a tenth of
 * what is left (but 10 s), never behind the deadline; slowest at once after a reject and
 * behind the count. Retry-After is obeyed for half of what is left, 30 d at most. From dark on,
 * or the deadline, 15 min is the longest, then a 16th of the time since, and a day for
 * Retry-After.
 */
when_t plan_retry(
    const struct plan_tp_policy *p, const struct plan_trouble *t, when_t deadline, when_t dark);

/* ---- alerts before a certificate ends: plan_alert.c ---- */

#define ALERT_FIRST 60 /* days before the end, then each week, each day of the last week */

enum plan_alert_level { ALERT_NONE, ALERT_WARNING, ALERT_URGENT };
struct plan_alert {
	enum plan_alert_level due; /* URGENT: a week or less is left */
	when_t next;		   /* > now; WHEN_NEVER: the end was the last */
};
/*
 * Is one due since the last one (INT64_MIN: none yet)? Several that were missed are one. A last
 * one of the future was written by a clock that was wrong, and does not count.
 */
struct plan_alert plan_alert(when_t last, when_t until, when_t now);
/* No alerts for an identity whose successor is there, and will take over by itself in time. */
bool plan_tp_followed(const struct plan_tp_policy *p, const struct plan_tp_facts *f);

/* ---- what a configuration can promise: rules.c, TF- of docs/TIMERS.md ---- */

struct plan_rules_server {
	when_t lifetime_ca, lifetime_cert;
	when_t rollover; /* "auto-rollover", 0: none */
	when_t overlap;
	when_t generation;  /* from due to served: key, certificate, archive */
	when_t clock_error; /* of anybody, at most */
	bool subordinate;   /* its certificate is a trustpoint's at an upper CA */
	when_t upper_rollover;
	unsigned upper_percent;
};

enum plan_rule_code {
	RULE_TF01, /* the next CA is made while this one lives */
	RULE_TF02, /* an overlap is longer than clocks differ */
	RULE_TF05, /* no client asks for the next CA before it exists */
	RULE_TF06, /* the same, renewed by hand or not at all */
	RULE_TF07, /* a client has time for a second try */
	RULE_TF08, /* one that enrols or renews late, and asks at once, finds it */
	RULE_TF12, /* the upper CA's next one exists before its subordinate asks */
	RULE_TF13, /* how long a client may be out of reach: warns when that is short */
	RULE_COUNT
};
enum plan_rule_level { RULE_HOLDS, RULE_WARNS, RULE_REFUSES };
struct plan_rule {
	enum plan_rule_code code;
	when_t margin; /* seconds to spare, negative: missing */
	enum plan_rule_level level;
};
/* What applies to this pair; returns how many. */
size_t plan_rules(const struct plan_rules_server *s, const struct plan_tp_policy *p,
    struct plan_rule out[RULE_COUNT]);
/* Does any of them refuse the pair? */
bool plan_rules_refuse(const struct plan_rules_server *s, const struct plan_tp_policy *p);

/* What would be right instead, one line changed and the other as it is; 0: no value is. */
struct plan_cure {
	when_t rollover;  /* the least "auto-rollover", in whole steps */
	unsigned percent; /* the least "auto-enroll" */
};
struct plan_cure plan_rules_cure(
    const struct plan_rules_server *s, const struct plan_tp_policy *p, when_t step);

/* The life of a CA certificate, in spans from its start. */
struct plan_course {
	when_t made;   /* the next one is begun */
	when_t enrols; /* who asks for it first got its identity then */
	when_t asks;   /* and asks then */
	when_t
	    latest; /* last first enrolment with slack behind SHADOW; negative: there is none */
};
struct plan_course plan_rules_course(
    const struct plan_rules_server *s, const struct plan_tp_policy *p, when_t slack);
/* How long before its CA's end a first enrolment must come to have that much slack behind
 * SHADOW. */
when_t plan_rules_latest(const struct plan_tp_policy *p, when_t slack);

#endif
