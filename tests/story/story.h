/* story.h - a story while it is played. */
#ifndef TESTS_STORY_STORY_H
#define TESTS_STORY_STORY_H

#include "tests/story/world.h"

#define WORDS 16
#define CLIENTS 32
#define PASSWORDS 8

struct client {
	char name[32];
	struct peer peer;
	int number, keys;
	EVP_PKEY *short_key;	  /* of "bits="; NULL: none yet */
	struct blob sent;	  /* last message */
	struct blob cert, before; /* certificate held, and the one before */
	EVP_PKEY *cert_key;	  /* of the pool: key of the certificate held */
	struct blob shadow;	  /* certificate of the next CA, and its key */
	EVP_PKEY *shadow_key;
	struct peer_answer answer;
};

struct story {
	struct world w;
	size_t moments; /* of the line "each"; before it: which of them this one is */
	char each[32];	/* that moment, T in "at T-90d"; "": there is none */
	bool open,
	    disturbed; /* disturbed: this step must not be followed by a restart of its own */
	bool steady; /* no restart of the runner's own from here on: what is in memory counts */
	struct client client[CLIENTS];
	size_t clients;
	char password[PASSWORDS][2][256];
	size_t passwords;
	char word[WORDS][256];
	size_t words;
	char outcome[128]; /* behind "->" */
	FILE *log;	   /* what was logged since the line "log"; NULL: as ever */
	long log_at;
	int stderr_was;
};

/* run.c: words of the line, clients by name */
const char *option(const struct story *s, const char *name); /* behind "name=", or NULL */
bool flag(const struct story *s, const char *name);
when_t span(const char *text);
bool client_of(struct story *s, const char *name, struct client **out, struct err *e) MUST_USE;
X509 *held(const struct client *c); /* NULL: no certificate */
/* Before each message: what the client believes in. */
bool trust(struct story *s, struct client *c, struct err *e) MUST_USE;
/* c->sent; the answer must be the line's outcome */
bool send_message(struct story *s, struct client *c, struct err *e) MUST_USE;
/* clock.c: the lines "each", "at", "wait", "clock", "reboot" */
bool do_each(struct story *s, struct err *e) MUST_USE;
bool do_at(struct story *s, struct err *e) MUST_USE;
bool do_wait(struct story *s, struct err *e) MUST_USE;
bool do_clock(struct story *s, struct err *e) MUST_USE;
bool do_reboot(struct story *s, struct err *e) MUST_USE;
/* The certificate held is renewed for this key or, with "new-key", the next. */
bool do_renew(struct story *s, struct client *c, struct err *e) MUST_USE;
/* How the client's messages are made, for this one and those that follow. */
bool algorithms(struct story *s, struct client *c, struct err *e) MUST_USE;
/* rollover.c */
bool believe_new(struct story *s, struct client *c, struct err *e) MUST_USE;
bool reply_by_active(struct story *s, struct client *c, struct err *e) MUST_USE;
bool trust_next(struct story *s, struct client *c, struct err *e) MUST_USE;
bool do_shadow(struct story *s, struct client *c, struct err *e) MUST_USE;
bool do_asks_next(struct story *s, struct client *c, struct err *e) MUST_USE;
bool do_activate(struct story *s, struct client *c, struct err *e) MUST_USE;
bool do_store(struct story *s, struct err *e) MUST_USE;
bool do_repeat(struct story *s, struct client *c, struct err *e) MUST_USE;
/* query.c */
bool do_crl(struct story *s, struct client *c, struct err *e) MUST_USE;
bool serial_of(const struct client *c, struct blob *out, struct err *e) MUST_USE;
bool do_get_cert(struct story *s, struct client *c, struct err *e) MUST_USE;
bool expect_confirmed(struct story *s, struct err *e) MUST_USE;
/* dates.c: each date in the form of its year */
bool cert_dates_written(struct view der, struct err *e) MUST_USE;
bool crl_dates_written(struct view der, struct err *e) MUST_USE;
/* trouble.c */
bool do_disk(struct story *s, struct err *e) MUST_USE;
bool do_damage(struct story *s, struct err *e) MUST_USE;
bool do_backup(struct story *s, struct err *e) MUST_USE;
bool do_signer(struct story *s, struct err *e) MUST_USE;
/* hook.c */
bool do_hook(struct story *s, struct err *e) MUST_USE;
bool do_profile(struct story *s, struct err *e) MUST_USE;
bool do_log(struct story *s, struct err *e) MUST_USE;
bool do_revoked(struct story *s, struct err *e) MUST_USE;
bool do_steady(struct story *s, struct err *e) MUST_USE;
/* expect.c: the line "expect ..." */
bool do_expect(struct story *s, struct err *e) MUST_USE;

#endif
