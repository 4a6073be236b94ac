/* sim_int.h - inner: a world, who lives in it, what was seen. */
#ifndef SIM_SIM_INT_H
#define SIM_SIM_INT_H

#include "sim/sim.h"

#define MINUTE_MS (MINUTE * 1000)
#define HOUR_MS (HOUR * 1000)
#define DAY_MS (DAY * 1000)

/* ---- chance (dice.c): repeats by seed ---- */

struct dice {
	uint64_t state;
};
struct dice dice_of(uint64_t seed, uint64_t stream);
uint64_t dice_next(struct dice *d);
uint64_t dice_below(struct dice *d, uint64_t n);		   /* n > 0 */
int64_t dice_between(struct dice *d, int64_t least, int64_t most); /* both included */
bool dice_chance(struct dice *d, unsigned per_mille);
void dice_fill(struct dice *d, uint8_t *out, size_t n);
uint64_t dice_mix(uint64_t x); /* a good hash of 64 bits */

/* ---- what is to happen (heap.c) ---- */

enum moment_kind {
	M_SERVER_TICK,
	M_SERVER_KEY,	   /* load: key_done */
	M_SERVER_HEARS,	   /* load: letter */
	M_SERVER_ARCHIVED, /* tag: id */
	M_SERVER_ANSWERED, /* tag: id */
	M_SERVER_UP,
	M_CLIENT_TICK,
	M_CLIENT_KEY,	/* load: key_done */
	M_CLIENT_HEARS, /* load: letter */
	M_CLIENT_TIMEOUT,
	M_CLIENT_UP,
	M_CLIENT_JOINS,
	M_OPERATOR, /* tag: enum operator_act */
	M_FAULT,    /* tag: index of the fault */
	M_DAY,
	M_BEFORE_SWITCH,
	M_AFTER_SWITCH,
	M_KINDS,
};
struct moment {
	int64_t at; /* milliseconds since 1970, true time */
	uint64_t order;
	enum moment_kind kind;
	uint32_t who;  /* client */
	uint64_t life; /* of whom it is for: what was meant for an earlier life is lost */
	uint64_t tag;
	void *load;
};
struct heap {
	struct moment *list;
	size_t n, cap;
	uint64_t ordered;
};
void heap_put(struct heap *h, const struct moment *m); /* equal instants: first come */
bool heap_take(struct heap *h, struct moment *out);
void heap_free(struct heap *h);

/* ---- what was seen (ledger.c) ---- */

struct seen_cert {
	uint64_t serial;     /* sha256_8 of it */
	uint64_t tbs;	     /* of what was to be signed */
	uint64_t der;	     /* of the certificate that is committed; 0: none yet */
	uint32_t generation; /* its CA's number */
	when_t until;
	int64_t made_ms;
	int64_t revoked_at; /* server's time; 0: not */
	int kind;	    /* enum cert_kind, once committed */
	bool lost;	    /* of a store that was put back: it has no row there */
	uint8_t octets[20], n;
};
struct seen_ca {
	int64_t number;
	char label[KEY_LABEL_MAX];
	uint8_t ski[20];
	uint64_t der, serial;
	when_t from, until;
	int64_t made_ms, announced_ms, switched_ms;
	int64_t cancelled_ms; /* taken back; 0: not */
	when_t held_until;    /* the next one is not made before: one was taken back */
	bool shown;	      /* somebody was shown it as the next one */
	bool looked_at;	      /* the looks around its end are planned */
	uint64_t crl_number;
	size_t listed;	   /* entries of its last list */
	uint64_t next_der; /* digest of the next CA certificate it announced; 0: none */
	/* for the report */
	size_t issued, renewals, shadows, ready, left;
};
struct index { /* 64-bit keys to numbers; open addressing */
	uint64_t *key;
	uint32_t *value;
	size_t n, cap;
};
void index_put(struct index *x, uint64_t key, uint32_t value);
bool index_get(const struct index *x, uint64_t key, uint32_t *value);
void index_free(struct index *x);

struct ledger {
	struct seen_cert *cert;
	size_t certs, certs_cap;
	struct seen_ca *ca;
	size_t cas;
	bool cancelled;					    /* one of them */
	uint64_t crl_number;				    /* highest of any list */
	struct index by_serial, by_request, by_transaction; /* to cert */
	uint32_t *revoked;				    /* numbers of certs */
	size_t revoked_count, revoked_before;		    /* before this turn */
	size_t lost;					    /* committed ones */
	int64_t revoked_ms;				    /* the last of them */
	uint64_t audits;				    /* records seen committed */
	uint8_t audit_hash[32];
	int64_t audit_at;
};
struct seen_cert *ledger_cert(struct ledger *l, struct view serial);
struct seen_cert *ledger_add(struct ledger *l, struct view serial);
struct seen_ca *ledger_ca_by_label(struct ledger *l, const char *label);
struct seen_ca *ledger_ca_by_digest(struct ledger *l, uint64_t digest); /* 0: NULL */
struct seen_ca *ledger_ca_by_der(struct ledger *l, struct view der);
struct seen_ca *ledger_ca_numbered(const struct ledger *l, int64_t number);
/* Beside those that were taken back; NULL: none. */
struct seen_ca *ledger_before(const struct ledger *l, const struct seen_ca *ca);
struct seen_ca *ledger_behind(const struct ledger *l, const struct seen_ca *ca);
struct seen_ca *ledger_last(const struct ledger *l);
void ledger_free(struct ledger *l);

/* ---- what travels (post.c) ---- */

struct letter {
	uint32_t client;
	uint64_t life;	/* of the client that sent it */
	uint64_t fetch; /* its number there */
	enum tp_fetch what;
	bool hurt;	  /* not as it was sent */
	bool twin;	  /* nobody waits for an answer to this one */
	struct blob body; /* request, then answer */
	int status, retry_after;
	int64_t sent_ms, heard_ms;
};
void letter_free(struct letter *l);

struct object { /* published */
	enum ca_object what;
	when_t from, until;
	bool bundle;
	int told; /* how often core was asked whether it may be shown */
	char leaf[96];
	struct blob bytes;
};

/* ---- who lives there ---- */

struct wrong_clock {	  /* of server or client */
	int64_t ahead_ms; /* of true time, as it was set */
	/* It gains ppm millionths since then, and had gained so many ms of a million before;
	 * the boot clock does too. What was set right of that is the wall clock's alone. */
	int64_t ppm, since_ms, gained, righted;
	bool vouched;
	bool confirmed; /* at the next look */
	int64_t boot_ms;
	struct plan_clock plan;
};

struct server {
	struct store *store;
	struct keys *keys;
	struct ca *ca;
	bool up;
	uint64_t life;
	struct wrong_clock clock;
	int64_t tick_at;
	int full;	 /* faults that fill its store just now */
	int held;	 /* that keep it down */
	int mute;	 /* whose signer is busy */
	int unarchived;	 /* that let no archive stand */
	int64_t wait_ms; /* before the next turn, when one was undone */
	bool crash_in_commit, busy_once;
	bool granting; /* somebody is on his way to decide what waits */
	struct object *object;
	size_t objects;
	when_t next_due;	/* as net/front.c has it; INT64_MIN: nobody knows */
	struct letter **letter; /* by slot of the exchange's number */
	size_t letters;
	uint64_t asked;
	struct { /* rows that the turn wrote */
		int64_t cert[256];
		size_t certs;
		bool generation;
		size_t audits;
	} touched;
	int64_t healthy_since; /* ms */
	int64_t decided_ms;    /* an operator decided on what waits */
	int64_t stepped_ms;    /* somebody set its clock */
	int64_t backup_ms;     /* of when there is a backup; 0: none */
	int64_t returned_ms;   /* its store was put back */
	when_t signed_at;      /* latest time of a certificate or list */
	when_t committed_at;   /* of the last turn */
	int64_t generation;    /* highest that was active */
};

struct shelf {
	struct tp_shelf base;
	struct sim *w;
	uint32_t client;
	struct blob leaf[TP_LEAVES];
	uint64_t ca[TP_LEAVES]; /* digests of first certificates, for TP_CA and TP_NEXT_CA */
};

enum left_why {
	LEFT_NOT,
	LEFT_WITHOUT, /* no auto-enroll */
	LEFT_BY_HAND, /* shadow-only, and nobody renewed it */
	LEFT_REVOKED,
	LEFT_PENDING,
	LEFT_REJECTED,
	LEFT_CLOCK,
	LEFT_OFF,
	LEFT_PATH,
	LEFT_LATE,	/* left behind by an earlier switch, not back yet */
	LEFT_UNSHOWN,	/* the next CA was not announced: law_announced says whether rightly */
	LEFT_UNMADE,	/* the CA ended, and without auto-rollover none was made */
	LEFT_FRESH,	/* came too late to have a certificate that can be followed */
	LEFT_KEY,	/* its key pair is gone, and it has not got another certificate yet */
	LEFT_ROTTEN,	/* it cannot read its file */
	LEFT_CANCELLED, /* it holds a next CA that was taken back */
	LEFT_UNNAMED,
	LEFT_KINDS,
};

struct held { /* a certificate that a client holds, looked at once */
	bool fits;
	when_t from, until;
};

struct client {
	const struct sim_fleet *fleet;
	struct tp_setup setup;
	char name[40], fingerprint[65];
	struct blob subject;
	char said[160]; /* the last line for its log */
	struct tp *tp;
	struct keys *keys;
	struct shelf shelf;
	bool joined, up, crash_in_put, installing;
	bool rotten; /* an octet of its file has turned */
	uint64_t life;
	struct wrong_clock clock;
	int64_t tick_at;
	int cut, full, off; /* faults that lie on it */
	int64_t full_ended_ms;
	uint64_t open[4]; /* fetches under way */
	/* for the invariants */
	bool had_triple; /* a usable identity, as its disk says, until then */
	when_t had_until;
	bool shelf_changed, pairs_changed;
	struct held id, shadow; /* as they stand on its disk */
	bool rejected, waits;	/* what the server said last */
	int64_t revoked_ms;	/* 0: not */
	bool revoked_shadow;	/* what was revoked is its shadow */
	bool let_in;		/* since then, as a stranger: what it holds is not revoked */
	/* The certificate handed out last, its CA, when, is or was it on its disk? */
	uint64_t handed;
	uint32_t handed_by;
	int64_t handed_ms;
	bool took;
	int64_t clear_since;   /* true time since when nothing lies on it, seen daily */
	unsigned clean;	       /* good answers since SHADOW fell due */
	bool was_ready;	       /* just before the switch */
	uint64_t pending;      /* transaction that the server keeps; 0: none */
	int64_t pending_since; /* ms */
	int64_t unseen_ms;     /* the first of law_unseen since the last answer */
	int64_t hour;
	unsigned in_hour;
	bool key_lost; /* its pairs are gone, and it has no identity of another yet */
	uint64_t gone; /* digest of what its signer said last of a pair that is gone */
	unsigned gone_asked;
	bool far;	 /* no end is near */
	int64_t left_ms; /* left behind then; 0: not */
	enum left_why left_why;
	size_t left_index;
};

struct fault {
	int what;
	int64_t from, until;
	uint32_t first, step; /* clients first, first + step ... */
	int64_t amount;
};

struct left {
	uint32_t client;
	int64_t at, back;
	enum left_why why;
	unsigned clear_hours; /* for how long nothing had lain between it and the server */
	int64_t generation;
};

enum operator_act {
	OP_GRANT,
	OP_INSTALL, /* a client anew */
	OP_ENROL,
	OP_REVOKE,
	OP_ROLLOVER,
	OP_CANCEL,
	OP_CANCEL_FORCE,
	OP_CONFIGURE, /* other lifetimes; life: a draw */
	OP_CONFIRM,   /* that its clock, once set right, is right */
};

#define STORY 20

struct odds { /* of a letter, in a thousand */
	unsigned lost, lost_back, twice, late, hurt, cut, refused;
};

struct sim {
	struct sim_setup setup;
	struct heap heap;
	int64_t now;		    /* true time, ms */
	int64_t start, end, day_ms; /* between two looks at everything */
	struct odds odds;
	struct dice net, luck, people; /* network; crashes; operators */
	struct dice changes;	       /* of what operators take back */
	struct dice rot;	       /* of files */
	bool cancels;		       /* they do so in this world */
	struct server server;
	struct client *client;
	size_t clients;
	struct fault *fault;
	size_t faults;
	struct ledger ledger;
	struct sim_numbers numbers;
	uint32_t *per_day; /* requests at the CA */
	size_t days;
	struct left *left;
	size_t left_count;
	struct moment story[STORY];
	uint64_t told;
	struct blob broken;
	char broken_id[16];
	bool rollover_asked, cancel_asked, cancel_forced;
	struct plan_ca_policy first, was; /* as configured at the start, and before a change */
	int64_t configured_ms;
};

/* world.c */
void world_at(struct sim *w, int64_t at, enum moment_kind kind, uint32_t who, uint64_t life,
    uint64_t tag, void *load);
void broken(struct sim *w, const struct client *c, const char *id, const char *fmt, ...)
    PRINTF(4, 5);
/* To its keys; what is done comes back as M_SERVER_KEY or M_CLIENT_KEY. */
void world_job(struct sim *w, struct keys *k, const struct key_job *job, enum moment_kind back,
    uint32_t who, uint64_t life);
void world_job_done(struct sim *w, const struct key_job *job, const struct key_done *d,
    enum moment_kind back, uint32_t who, uint64_t life);
uint64_t digest_of(struct view v);	    /* never 0 */
bool client_renews(const struct client *c); /* by itself */
int64_t client_number(const struct sim *w, const struct client *c);

/* clocks.c */
#define CLOCK_STANDS (-1000000)					       /* ppm */
when_t clock_look_at(const struct sim *w, struct wrong_clock *c);      /* time for decisions */
int64_t clock_ahead(const struct sim *w, const struct wrong_clock *c); /* of true time, ms */
/* When it shows that, ms; INT64_MAX: not as it goes now. */
int64_t clock_true(const struct sim *w, const struct wrong_clock *c, when_t at);
/* Believed, and nearly so. */
bool clock_right(const struct sim *w, const struct wrong_clock *c);
void clock_drift(const struct sim *w, struct wrong_clock *c, int64_t ppm); /* from now on */

/* server.c */
bool server_open(struct sim *w, struct err *e) MUST_USE;
void server_turn(struct sim *w, struct ca_event *ev);
void server_tick(struct sim *w);
void server_schedule(struct sim *w);
void server_hears(struct sim *w, struct letter *l);
void server_crash(struct sim *w, int64_t down_ms);
void server_up(struct sim *w);
void server_command(struct sim *w, struct ca_event *ev);
void server_close(struct sim *w);
when_t server_now(struct sim *w);

/* disk.c: the server's store, as it is seen and as it fails */
void disk_watch(struct sim *w);

/* backup.c */
void backup_take(struct sim *w);
void backup_return(struct sim *w); /* nothing happens if a CA has come or gone since */

/* post.c */
void post_send(struct sim *w, struct client *c, struct tp_effect *x);
void post_answer(struct sim *w, struct letter *l);
bool post_clear(const struct sim *w, const struct client *c); /* nothing lies between them */
struct object *post_object(struct sim *w, enum ca_object what, const char *leaf);
int post_next_retry(struct sim *w); /* Retry-After of who asks for the next CA too early */
void post_publish(struct sim *w, const struct effect *x);
void post_forget(struct sim *w); /* objects and letters of a server that is gone */

/* client.c */
void client_join(struct sim *w, struct client *c);
void client_install(struct sim *w, struct client *c);
void client_step(struct sim *w, struct client *c, struct tp_event *ev);
void client_tick(struct sim *w, struct client *c);
void client_schedule(struct sim *w, struct client *c);
void client_hears(struct sim *w, struct client *c, struct letter *l);
void client_timeout(struct sim *w, struct client *c, uint64_t fetch);
void client_crash(struct sim *w, struct client *c, int64_t down_ms);
void client_up(struct sim *w, struct client *c);
void client_rots(struct sim *w, struct client *c); /* an octet of its file turns */
void client_close(struct client *c);
when_t client_now(struct sim *w, struct client *c);

/* faults.c */
void faults_plan(struct sim *w);
void faults_turn(struct sim *w, const struct fault *f, bool begins);
void people_act(struct sim *w, const struct moment *m);
void people_day(struct sim *w, struct client *c, when_t now);
void people_called(struct sim *w);		   /* something waits for an operator */
void people_see_next(struct sim *w, when_t until); /* they may take it back until then */

/* What holds in every world: docs/SIMULATOR.md says which function is which. */
/* laws_server.c */
void law_job(struct sim *w, const struct key_job *job, bool trusted, when_t now);
void law_published(struct sim *w, const struct effect *x);
void law_committed(struct sim *w, when_t now);
void law_announced(struct sim *w);
void law_server_day(struct sim *w);
void law_switched(struct sim *w);

/* laws_reply.c */
void law_reply(struct sim *w, struct letter *l, const struct effect *x, when_t now);
/* Perhaps it was taken in, and no answer to it is looked at: a request may wait from then on.
 */
void law_unseen(struct sim *w, const struct letter *l);

/* laws_client.c */
struct view first_of(struct view certs); /* the first certificate of several */
/* The CA that a client holds. NULL: none of ours. */
const struct seen_ca *client_ca(struct sim *w, const struct client *c);
bool client_misled(
    struct sim *w, const struct client *c); /* it holds one that was taken back */
void law_shelf(struct sim *w, struct client *c, const struct tp_change *list, size_t n);
void lost_key_given_up(struct sim *w, struct client *c, const struct tp_event *ev);
void law_stepped(struct sim *w, struct client *c, const struct tp_event *ev,
    const struct tp_effects *out, when_t now);
void law_client_day(struct sim *w, struct client *c, when_t now);
void law_before_switch(struct sim *w, int64_t number);
void law_after_switch(struct sim *w, int64_t number);
void law_end(struct sim *w);
const char *left_words(enum left_why why);

/* fake_keys.c: the octets that a SIGN job wants signed */
struct view to_be_signed(const struct key_job *job);
void fake_lose(struct keys *k); /* every pair that is there */

#endif
