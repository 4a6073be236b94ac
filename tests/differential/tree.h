/* tree.h - messages as trees of elements, and their wounds. */
#ifndef TESTS_DIFFERENTIAL_TREE_H
#define TESTS_DIFFERENTIAL_TREE_H

#include "base/base.h"

struct dice {
	uint64_t state;
};
uint32_t dice_below(struct dice *d, size_t n);

/* What is renewed when a wounded message is signed again. */
enum role { ROLE_NONE, ROLE_SIGNED, ROLE_SIGNATURE, ROLE_DIGEST, ROLE_CONTENT };
enum length { LENGTH_SHORTEST, LENGTH_PADDED, LENGTH_OPEN, LENGTH_SHORT, LENGTH_LONG };

struct node {
	uint8_t tag;
	enum role role;
	enum length length;
	struct blob body; /* of a primitive element; what stands in front of what it wraps */
	struct node *child;
	size_t n;
};

/* One element of BER or DER; elements inside octet, bit and T61 strings are children too. */
bool tree_read(struct view der, struct node *out) MUST_USE;
/* der: shortest lengths, octet strings in one piece; what strings wrap stays as it is. */
void tree_write(const struct node *n, bool der, struct blob *out);
/* The contents of a string, its pieces joined. */
void tree_octets(const struct node *n, struct blob *out);
void tree_copy(const struct node *n, struct node *out);
void tree_free(struct node *n);
/* Child of child of child, by number; 9: the last. */
struct node *tree_at(struct node *n, const char *path);
struct node *tree_find(struct node *n, enum role role);
void tree_remove(struct node *parent, size_t i);
/* Primitive from now on, with these octets. */
void node_set(struct node *n, struct view body);

/* One wound somewhere; donor lends elements. */
void tree_wound(struct dice *d, struct node *root, const struct node *donor);
/* One wound of octets: bit, octet, cut, copied stretch, insertion, something behind. */
void octets_wound(struct dice *d, struct blob *b);

#endif
