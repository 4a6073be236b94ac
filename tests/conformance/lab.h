/* lab.h - one authority, its clients, and what a bad message may change. */
#ifndef TESTS_CONFORMANCE_LAB_H
#define TESTS_CONFORMANCE_LAB_H

#include "tests/conformance/forge.h"
#include "tests/story/world.h"

enum want {
	WANT_UNREADABLE, /* HTTP 400 */
	WANT_F0,	 /* CertRep FAILURE with this failInfo */
	WANT_F1,
	WANT_F2,
	WANT_F3,
	WANT_F4,
	WANT_PEND,
	WANT_OK,
	WANT_COUNT,
};

enum row_flags {
	ROW_AUTO = 1,	     /* grant auto */
	ROW_SAME = 2,	     /* PENDING or SUCCESS, and yet nothing new is stored */
	ROW_BY_ALICE = 4,    /* signed by a live certificate of ours */
	ROW_BY_BOB = 8,	     /* by the client whose request waits */
	ROW_SHORT = 32,	     /* the CA lives 20 days */
	ROW_STRANGE_ID = 16, /* transaction or nonce of the message are not peer's */
	ROW_LEGACY = 64,     /* compat legacy */
	ROW_ANCIENT = 128,   /* compat ancient */
};

struct lab;
struct row {
	const char *id, *what;
	enum want want;
	unsigned flags;
	int type; /* messageType; 0: PKCSReq */
	/* NULL: from the pieces below. */
	void (*make)(struct lab *l, const struct row *r, struct blob *out);
	/* Of the granted certificate; NULL: nothing more is asked of it. */
	bool (*check)(struct lab *l, X509 *cert, struct err *e);
	int number; /* for make */
	struct outer_row outer;
	struct seal_row seal;
	struct ask_row ask;
	struct peer_request with; /* read when ask says nothing */
	bool forged;		  /* the request inside is made from ask */
	struct view plain;	  /* p set: inside the envelope instead of a request */
};

struct lab {
	struct world w;
	struct peer alice, bob, carol, mallory;
	EVP_PKEY *alice_key; /* of her certificate */
	char password[40];
	struct peer *p;	     /* who sends the row's message */
	EVP_PKEY *extra_key; /* freed with the lab */
	struct blob keep[8]; /* pieces that a row's views borrow */
	int made;	     /* names given out */
	int64_t spent_ms;
};

/* An authority with alice certified, bob waiting and one password out. */
bool lab_open(struct lab *l, unsigned flags, struct err *e) MUST_USE;
void lab_free(struct lab *l);
bool lab_peer(
    struct peer *p, struct lab *l, const char *subject, EVP_PKEY *key, struct err *e) MUST_USE;
bool lab_password(struct lab *l, char out[40], struct err *e) MUST_USE;
bool lab_command(struct lab *l, enum ca_command c, int64_t request, struct err *e) MUST_USE;
bool lab_revoke(struct lab *l, X509 *cert, struct err *e) MUST_USE;

/* What came back, read by stock calls; its signature is the CA's. */
struct seen {
	enum want as;
	int http;
	char text[300]; /* failInfoText */
	bool has_nonce;
	char id[200];
	struct blob digest_free; /* the reply without nonce, transaction, signature */
};
bool lab_read(struct lab *l, struct seen *out, struct err *e) MUST_USE;
void seen_free(struct seen *s);
const char *want_name(enum want w);

/* SHA-256 over certificates, requests, passwords and serial. */
struct stock {
	int64_t certificates, requests;
	uint8_t sum[32];
};
bool lab_stock(struct lab *l, struct stock *out, struct err *e) MUST_USE;
/* The next good request is served, by the password and with the next serial. */
bool lab_still_good(struct lab *l, int64_t certificates, struct err *e) MUST_USE;
/* PKCSReq of p through the world; its certificate, or NULL. */
bool lab_send(struct lab *l, struct peer *p, struct view message, struct peer_answer *a,
    struct err *e) MUST_USE;

/* The row's message from its pieces. */
bool row_make(struct lab *l, const struct row *r, struct blob *out, struct err *e) MUST_USE;
bool row_run(const struct row *r, struct err *e) MUST_USE;
/* A plain request of l->p, unwrapped. */
void lab_csr(struct lab *l, struct blob *out);
/* Envelope and signature around plain. */
void lab_wrap(struct lab *l, const struct row *r, struct view plain, struct blob *out);

struct scene { /* what no single message shows */
	const char *id, *what;
	bool (*play)(struct err *e);
};

struct table {
	const struct row *rows;
	size_t n;
};
struct scenes {
	const struct scene *scenes;
	size_t n;
};
extern const struct table der_rows, cms_rows, envelope_rows, scep_rows, csr_rows;
extern const struct scenes url_scenes, sweep_scenes, oracle_scenes, scep_scenes, race_scenes;
bool soak(void);

#endif
