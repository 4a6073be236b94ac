/* agent_int.h - what the files of agent share. */
#ifndef AGENT_AGENT_INT_H
#define AGENT_AGENT_INT_H

#include "agent/agent.h"

#define FETCHES_AT_ONCE 32 /* that the courier works on; the others wait here */
#define JOBS_AT_ONCE 16
#define MAKES_AT_ONCE 2 /* the signer makes one pair at a time */
#define TRIM_AFTER 256	/* questions asked: then memory is given back */
#define ERRANDS_AT_ONCE 64
#define FETCH_MS 30000
#define ANSWER_MAX (256 * 1024)
#define MARK 8 /* octets of a SHA-256: enough to tell things of one trustpoint apart */
/* Directories known at a time: active, the one before, one that waits for its turn, that of the
 * shadow, a new one. */
#define GENERATIONS 5

enum errand { /* what hooks are told; each until it was heard */
	ERRAND_NEXT_CA,
	ERRAND_SHADOW,
	ERRAND_ACTIVATE,
	ERRAND_POST_ACTIVATE,
	ERRAND_VERIFY,
	ERRANDS,
	ERRAND_PRE_ACTIVATE = ERRANDS, /* asked, not told */
	ERRAND_FAILED,
};

struct generation {	    /* gen-NNNN on disk */
	uint32_t number;    /* 0: none */
	uint8_t mark[MARK]; /* of its certificate */
	bool whole;	    /* with its key */
};

/* The files that other daemons read. */
struct identity {
	struct generation known[GENERATIONS];
	uint32_t last; /* highest number given */
	uint32_t active, shadow,
	    before; /* generations that links name; before: active until then */
	uint8_t cas[MARK], cas_alone[MARK]; /* of the CAs that ca.d has, and has alone */
	uint8_t told[ERRANDS][MARK];	    /* what each errand was last about, zero: nothing */
	when_t active_until, before_until;  /* of their certificates */
	uint8_t errand_about[MARK];	    /* what the one under way is about */
	uint8_t returned[MARK]; /* of the certificate that verify-command would not have, */
	when_t returned_until;	/* and until when the one before stays instead */
	bool look;		/* something changed */
	uint64_t waits;		/* for this hook; 0: for none */
	uint64_t job;		/* under way, 0: none: it writes the key of this one: */
	uint32_t making;
	int errand;			 /* that is being run */
	when_t errand_at[ERRAND_FAILED]; /* not before */
	uint8_t errand_tries[ERRAND_FAILED];
	uint8_t failed[ERRANDS][MARK]; /* what the tries are about */
	bool asked;		       /* pre-activate was, for what is to be active next */
	when_t at;		       /* look again then */
	when_t pause;		       /* after trouble */
};

struct kin { /* what many trustpoints have in common */
	struct kin *next;
	struct tp_policy policy;
	char fingerprint[CONF_FINGERPRINT];
};

struct member { /* one trustpoint */
	struct agent *agent;
	const char *name;
	uint32_t number;   /* in the configuration */
	uint32_t keys_are; /* of its label: another one says that the keys are others */
	const struct kin *kin;
	struct tp_shelf *shelf;
	struct tp *tp; /* NULL: it does not run */
	/* tp NULL: it is opened then; WHEN_NEVER: it makes no sense, or was removed. */
	when_t open_at, open_wait;
	when_t wake;
	uint32_t at; /* in the heap */
	struct identity identity;
	struct agent_counters counters;
	struct lists *lists; /* of revocation; NULL: none is kept or sought */
	struct {	     /* by an operator who waits; CMD_NONE: by nobody */
		enum command command;
		uint64_t client;
		uint64_t waits;	  /* for this job, 0: for none */
		struct blob text; /* of the answer, so far */
		int status;
		char *file; /* of an export: its name */
	} asked;
	char *no_answer; /* why the last question had none; NULL: it had one */
	when_t trouble_at;
	when_t id_alerted_at, ca_alerted_at, alert_at; /* the last ones, and the next look */
	when_t due_said; /* the end of the certificate that somebody is to renew by hand */
	char *trouble;	 /* the last one, NULL: none since the start */
};

/* Who has its key pair goes before who has none yet: thousands that begin at once end one by
 * one. */
enum pending_kind { PENDING_FETCH, PENDING_JOB, PENDING_MAKE, PENDING_HOOK, PENDING_KINDS };
struct pending { /* asked of courier, signer or hooks, or waiting for its turn */
	struct pending *next;
	uint64_t id; /* ours */
	struct member *member;
	enum pending_kind kind;
	uint64_t of_tp;	 /* 0: of an operator's command, or of the identity's files */
	struct cdp *cdp; /* a fetch for it, NULL: for another end */
	int64_t due_ms;	 /* of a fetch that was sent: the courier should have answered by now */
	struct blob message; /* not sent yet; a job's octets */
	struct key_job job;
	int errand; /* of a hook */
};
struct pending_line {
	struct pending *first, **end;
	size_t count;
};

struct arrival { /* an event that waits for the round */
	struct arrival *next;
	struct member *member;
	struct tp_event event;
	struct key_done done;
	struct blob body;
	char label[KEY_LABEL_MAX];
};

struct agent {
	struct agent_options o;
	char *state;
	struct member *member;
	size_t count;
	struct member **living; /* without those that were removed, as configured */
	size_t living_count;
	struct member **heap; /* by wake, the earliest first */
	struct pending_line waiting[PENDING_KINDS], sent[PENDING_KINDS];
	bool courier_began, hooks_began;
	struct arrival *arrivals, **arrivals_end;
	struct agent_clock clock;
	int64_t until_ms; /* monotonic: then this round ends */
	uint64_t last_id, trimmed_id;
	struct conf_trustpoint lines; /* unpacked, of this member */
	const struct member *lines_of;
	struct kin *kin;
	struct cdp *cdps;	 /* under way, or not all who wait have heard of it yet */
	struct member **looking; /* whose files are to be looked at */
	size_t looking_count;
};

/* pending.c */
struct pending *pending_add(struct member *m, enum pending_kind kind);
/* The first that waits, if fewer than so many are on their way. */
struct pending *pending_next(struct agent *a, enum pending_kind kind, size_t most);
void pending_sent(struct agent *a, struct pending *p);
struct pending *pending_find(struct agent *a, enum pending_kind kind, uint64_t id);
void pending_end(struct agent *a, struct pending *p); /* one that was sent; frees it */
void pending_free_all(struct agent *a, const struct member *of); /* NULL: of each */
bool pending_any(const struct agent *a);

/* agent.c */
struct arrival *arrival_add(struct agent *a, struct member *m, enum tp_event_kind kind);
void member_step(struct member *m, const struct tp_event *ev);
void member_wake_at(struct member *m, when_t at);
bool agent_has_time(const struct agent *a);		 /* else others have their turn */
void member_trouble(struct member *m, const char *text); /* for show */
struct member *member_named(struct agent *a, const char *name);

/* setup.c; names as DER, the SAN empty without its line */
bool setup_subject(const struct conf *c, const struct conf_trustpoint *t, struct blob *out,
    struct err *e) MUST_USE;
const char *setup_label(const struct conf_trustpoint *t); /* of its keys */
bool setup_san(const struct conf_trustpoint *t, struct blob *out, struct err *e) MUST_USE;
/* Its lines of the configuration; until another one is asked for its own. */
const struct conf_trustpoint *lines(const struct member *m);
bool member_open(struct member *m, struct err *e) MUST_USE; /* or it is shut */
void member_shut(struct member *m);
/* Does another trustpoint use the keys of this one ("rsakeypair")? */
bool member_shares_keys(const struct member *m);

/* shelf_file.c: a shelf in one file; both borrowed */
struct tp_shelf *shelf_file(const char *state, const char *name);
/* The leaves borrow; path is for the error. */
bool shelf_decode(
    struct view bytes, const char *path, struct view leaf[TP_LEAVES], struct err *e) MUST_USE;
void shelf_encode(const struct view leaf[TP_LEAVES], struct blob *out);

/* fetch.c */
void fetch_ask(struct member *m, const struct tp_effect *x);
void fetch_send(struct agent *a); /* those that wait, as many as may */
struct pending *fetch_add(struct member *m, const struct courier_fetch *f); /* of ours */
void fetch_late(struct agent *a); /* who took too long has not answered */

/* identity_start.c */
bool identity_open(struct member *m, struct err *e) MUST_USE;
void told_encode(const struct identity *i, struct blob *out);
bool told_decode(struct view bytes, struct identity *i) MUST_USE;
bool told_save(const struct member *m, struct err *e) MUST_USE;

/* identity.c */
void identity_look(struct member *m); /* soon */
void mark_bytes(struct view v, uint8_t out[MARK]);
struct generation *generation_numbered(struct identity *i, uint32_t number); /* NULL: none */
void identity_work(struct member *m, when_t now);
/* Of the shelf; nothing there: *out is empty. */
bool leaf_read(struct member *m, enum tp_leaf leaf, struct blob *out, struct err *e) MUST_USE;
void identity_job_done(struct member *m, const struct key_done *d);
/* lost: its process is gone, and nobody knows what it came to. */
void identity_errand_done(struct member *m, int status, bool lost, when_t now);
/* The instant at which a shadow takes its place in the files. */
when_t identity_switch_at(const struct plan_tp_facts *f);

/* files.c: what a generation and ca.d hold */
bool files_generation(struct member *m, uint32_t number, struct view cert, struct view bundle,
    struct err *e) MUST_USE;
bool files_info(struct member *m, uint32_t number, struct view cert, struct err *e) MUST_USE;
bool files_cas(struct member *m, struct view bundle, struct view next, bool remove,
    struct err *e) MUST_USE;
/* The next CA of a bundle; false: no more. */
bool ca_next(struct reader *r, struct cert *out);
void pem_add(struct blob *out, struct view der); /* a certificate */
void pem_add_as(struct blob *out, const char *what, struct view der);
void pem_bare(struct blob *out, struct view der); /* without those around */
/* What everybody may read; at a restart nothing is written that is there. */
bool files_public(
    const struct member *m, const char *leaf, struct view text, struct err *e) MUST_USE;
const char *generation_path(
    const struct member *m, uint32_t number, const char *leaf, char out[512]);

/* crl.c, crl_kept.c: revocation lists */
struct listed { /* what became of the search for one */
	const char *url;
	const uint8_t *ca; /* of whom it is, or whose was sought */
	struct view der;   /* verified, and no other is newer; empty: it was not to be had */
	struct crl crl;
	bool answered;
	const char *why; /* empty der */
};
void lists_open(struct member *m);
void lists_free(struct member *m);
void lists_work(struct member *m, when_t now);
when_t lists_wake(const struct member *m);
/* Each is fetched now, and command_listed hears of it; how many are. */
size_t lists_ask(struct member *m);
bool lists_wait(const struct member *m); /* for one that was asked for */
/* The one of this CA, while it is good. */
bool lists_kept(struct member *m, const uint8_t ca[MARK], when_t now, struct blob *der);

/* cdp.c */
void cdp_answered(struct agent *a, struct cdp *c, const struct courier_got *got);
void cdps_deal(struct agent *a);
bool cdps_came(const struct agent *a); /* and somebody is to hear of it */
void cdps_free(struct agent *a);

/* command.c */
enum { /* exit codes of keymuster (docs/DESIGN.md) */
	DONE = 0,
	REFUSED = 1,
	PENDING = 3,
	UNREACHABLE = 4,
	NO_CLOCK = 5,
};
void command_noted(struct member *m, const struct tp_effect *x, const char *text);
/* tp could not do what it was asked. */
void command_failed(struct member *m, const char *why);
void command_fetched(struct pending *p, const struct courier_got *got);
void command_job_done(struct member *m, const struct key_done *d);
void command_listed(struct member *m, const struct listed *l);
/* The answer to who asked this member, who waits no longer. */
void command_say(struct agent *a, uint64_t client, int status, const char *fmt, ...)
    PRINTF(4, 5);
void command_finish(struct member *m, int status, const char *text);
/* Somebody waits for what this command comes to. */
void command_begin(struct member *m, uint64_t client, enum command command);
/* The first CA among certificates, one behind the other; out borrows. */
bool first_ca(struct view list, struct cert *out, struct err *e) MUST_USE;
/* Its certificate, and the CA's with those above it; false: there is none, and that was said.
 */
bool command_identity(
    struct member *m, uint64_t client, struct blob *cert, struct blob *bundle);

/* validate.c */
void validate(struct member *m, uint64_t client, const struct command_line *line);
void validate_job_done(struct member *m, const struct key_done *d);
void validate_listed(struct member *m, const struct listed *l);

/* export.c */
void export(struct member *m, uint64_t client, const struct command_line *line);
void export_job_done(struct member *m, const struct key_done *d);
/* Of a file that an operator carries: "export" or "import"; file "": the directory. */
const char *carried_path(
    const struct member *m, const char *directory, const char *file, char out[512]);

/* Fingerprints of this CA, for who is to confirm them. */
void command_ask_human(struct member *m, struct view ca);

/* by_hand.c */
void by_hand_authenticate_ask(
    struct member *m, uint64_t client, const struct command_line *line);
void by_hand_take_ask(struct member *m, uint64_t client, const struct command_line *line);
void by_hand_requested(struct member *m);
/* When an operator has to renew; false: there is no such time. */
bool by_hand_due(const struct tp_policy *p, const struct plan_tp_facts *f, when_t *at);

/* import.c */
void import(struct member *m, uint64_t client, const struct command_line *line);
void import_finish(struct member *m); /* it is the identity now */

/* remove.c */
void member_remove(struct member *m, uint64_t client, const struct command_line *line);

/* errand.c: hooks */
bool errand_has_hook(const struct member *m, int errand);
/* cert: what it is about. false: there is no hook for it. */
bool errand_run(struct member *m, int errand, uint32_t generation, struct view cert);
/* Something went wrong that a human should hear of; nobody waits for the hook. */
void errand_failed(struct member *m, const char *reason);
void errands_send(struct agent *a);

#endif
