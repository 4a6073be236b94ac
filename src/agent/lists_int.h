/* lists_int.h - what those who keep revocation lists share. */
#ifndef AGENT_LISTS_INT_H
#define AGENT_LISTS_INT_H

#include "agent/agent_int.h"

#define LISTS 4
#define SOURCES 2
#define LIST_MAX (8 * 1024 * 1024) /* octets: an answer is looked at in one turn */

struct list {		  /* that is kept */
	uint32_t file;	  /* crl.d/NNNN.pem */
	uint8_t ca[MARK]; /* who signed it */
	struct blob issuer;
	char *url;
	when_t this_update, next_update, fetched_at;
	uint64_t number;
	size_t size, entries;
};

struct source { /* where one is to be had; url NULL: nowhere */
	char *url;
	uint8_t ca[MARK];	     /* whose list is wanted */
	struct plan_trouble trouble; /* with the last fetch */
	bool waits;		     /* for an answer */
	bool by_command;	     /* somebody waits for it */
};

struct lists {
	struct list *kept;
	size_t count; /* LISTS at most */
	struct source source[SOURCES];
	when_t at;
};

/* What we hold, from the shelf. */
struct held {
	struct blob id, ca, shadow, next;
};

struct cdp { /* a list that is fetched, and who waits for it */
	struct cdp *next;
	char *key; /* its address, and the way there */
	struct member **waiting;
	size_t n, cap, served;
	bool came, said;	/* the latter: that it is no good for anybody */
	struct courier_got got; /* borrows from the two below */
	struct blob body, reason;
	when_t at;    /* it came, */
	uint8_t draw; /* and who finds it no good tries again when all of them do */
};

/* cdp.c: lists_came hears of it, soon; fresh: nothing that came before now will do */
void cdp_ask(struct member *m, const char *url, bool fresh);
bool cdp_is(const struct cdp *c, const struct member *m, const char *url);

/* crl.c */
void lists_came(struct member *m, struct cdp *c);
bool ca_of(const struct blob *bundle, struct cert *out, uint8_t mark[MARK]);

/* crl_kept.c */
struct list *kept_of(struct lists *l, const uint8_t ca[MARK]);
when_t good_until(const struct member *m, const struct list *k);
when_t delete_at(const struct member *m, const struct list *k);
/* 90 % of its life, or when it is to be kept no longer. */
when_t refresh_at(const struct member *m, const struct list *k);
void list_keep(
    struct member *m, const struct source *s, const struct crl *c, const uint8_t mark[MARK]);
/* Those of CAs that we no longer hold, and those that are to be kept no longer. */
void lists_drop(struct member *m, const struct held *h, when_t now);

#endif
