/*
 * plan.h - door of plan: what is due for a certificate authority, and when to look again.
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
};

struct plan_ca_facts {
	bool clock_trusted;
	bool have_key;
	bool have_cert;
	when_t cert_from, cert_until; /* of the active certificate, when have_cert */
	bool have_crl;
	when_t crl_signed_at;	     /* thisUpdate of the newest list */
	bool crl_stale;		     /* something was revoked since */
	bool want_archive, archived; /* the pair is to be archived once; it was */
	bool want_ra, have_ra;	     /* a certificate of its own for envelopes and replies */
	bool busy_key, busy_cert, busy_crl, busy_ra,
	    busy_archive;      /* asked of the signer, not answered yet */
	when_t held_until;     /* after a failed effect: nothing before this */
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
	when_t wake;	   /* act NONE: nothing becomes due before this; > now */
	enum plan_state state;
};
struct plan_ca plan_ca(
    const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now);

/* Rows of "show crypto pki timers", sorted by instant; returns how many were written. */
enum plan_timer { TIMER_CRL_UPDATE, TIMER_CERT_EXPIRE, TIMER_REQUEST_EXPIRE, TIMER_COUNT };
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

#endif
