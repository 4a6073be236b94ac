/* tree.c - messages as trees of elements, and their wounds. */
#include "tests/differential/tree.h"

#include <stdlib.h>
#include <string.h>

#define CONSTRUCTED 0x20
enum { OCTETS = 0x04, BITS = 0x03, T61 = 0x14, PIECES = 0x24, CIPHERTEXT = 0x80 };

uint32_t
dice_below(struct dice *d, size_t n)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (uint32_t)((d->state >> 33) % n);
}

/* ---- reading and writing ---- */

static bool read_element(struct reader *r, struct node *out, int depth);

static struct node *
node_add(struct node *parent)
{
	parent->child = mem_array(parent->child, parent->n + 1, sizeof(*parent->child));
	parent->child[parent->n] = (struct node){0};
	return &parent->child[parent->n++];
}

static bool
read_children(struct reader *r, struct node *out, bool open, int depth)
{
	struct view end;

	while (r->n > 0) {
		if (open && r->n >= 2 && r->p[0] == 0 && r->p[1] == 0)
			return read_view(r, 2, &end);
		if (!read_element(r, node_add(out), depth + 1))
			return false;
	}
	return !open;
}

/* An element and nothing else inside a string, which we write as it stands: a child. */
static void
look_inside(struct node *n, int depth)
{
	size_t prefix = n->tag == BITS ? 1 : 0;
	struct node inside = {0};
	struct blob again = {0};
	struct view body;
	struct reader r;

	if ((n->tag != OCTETS && n->tag != BITS && n->tag != T61) || n->body.n < prefix + 2 ||
	    (prefix == 1 && n->body.p[0] != 0))
		return;
	body = view_of(n->body.p + prefix, n->body.n - prefix);
	r = reader_of(body);
	if (read_element(&r, &inside, depth + 1))
		tree_write(&inside, false, &again);
	if (view_equal(blob_view(&again), body)) {
		*node_add(n) = inside;
		n->body.n = prefix;
	} else {
		tree_free(&inside);
	}
	blob_free(&again);
}

static bool
read_element(struct reader *r, struct node *out, int depth)
{
	struct reader inner;
	struct view body;
	uint8_t first, octet;
	size_t n;

	if (depth > 40 || !read_u8(r, &out->tag) || (out->tag & 0x1f) == 0x1f ||
	    (out->tag & 0xdf) == 0 || !read_u8(r, &first) || first > 0x84)
		return false;
	if (first == 0x80) {
		out->length = LENGTH_OPEN;
		return (out->tag & CONSTRUCTED) && read_children(r, out, true, depth);
	}
	n = first;
	if (first > 0x80) {
		n = 0;
		for (int i = first & 0x7f; i > 0; i--) {
			if (!read_u8(r, &octet))
				return false;
			n = n << 8 | octet;
		}
	}
	if (!read_view(r, n, &body))
		return false;
	inner = reader_of(body);
	if (out->tag & CONSTRUCTED)
		return read_children(&inner, out, false, depth);
	blob_set(&out->body, body);
	look_inside(out, depth);
	return true;
}

bool
tree_read(struct view der, struct node *out)
{
	struct reader r = reader_of(der);

	*out = (struct node){0};
	return read_element(&r, out, 0) && r.n == 0;
}

static void
write_length(struct blob *out, size_t n, enum length how)
{
	int octets = 0;

	n += how == LENGTH_LONG ? 1 : 0;
	n -= how == LENGTH_SHORT && n > 0 ? 1 : 0;
	while (n >> 8 * octets != 0)
		octets++;
	if (how == LENGTH_OPEN) {
		blob_add_byte(out, 0x80);
	} else if (n < 0x80 && how != LENGTH_PADDED) {
		blob_add_byte(out, (uint8_t)n);
	} else {
		octets += how == LENGTH_PADDED ? 1 : 0;
		blob_add_byte(out, (uint8_t)(0x80 | octets));
		while (octets-- > 0)
			blob_add_byte(out, (uint8_t)(n >> 8 * octets));
	}
}

void
tree_octets(const struct node *n, struct blob *out)
{
	blob_add_view(out, blob_view(&n->body));
	for (size_t i = 0; i < n->n; i++)
		if (n->tag & CONSTRUCTED)
			tree_octets(&n->child[i], out);
		else
			tree_write(&n->child[i], false, out);
}

void
tree_write(const struct node *n, bool der, struct blob *out)
{
	bool joined = der && n->tag == PIECES;
	struct blob body = {0};

	if (joined || !(n->tag & CONSTRUCTED)) {
		tree_octets(n, &body);
	} else {
		blob_add_view(&body, blob_view(&n->body));
		for (size_t i = 0; i < n->n; i++)
			tree_write(&n->child[i], der, &body);
	}
	blob_add_byte(out, joined ? OCTETS : n->tag);
	write_length(out, body.n, der ? LENGTH_SHORTEST : n->length);
	blob_add_view(out, blob_view(&body));
	if (n->length == LENGTH_OPEN && !der)
		blob_add(out, "\0\0", 2);
	blob_free(&body);
}

void
tree_copy(const struct node *n, struct node *out)
{
	*out = (struct node){.tag = n->tag, .role = n->role, .length = n->length};
	blob_set(&out->body, blob_view(&n->body));
	for (size_t i = 0; i < n->n; i++)
		tree_copy(&n->child[i], node_add(out));
}

void
tree_free(struct node *n)
{
	for (size_t i = 0; i < n->n; i++)
		tree_free(&n->child[i]);
	free(n->child);
	blob_free(&n->body);
	*n = (struct node){0};
}

struct node *
tree_at(struct node *n, const char *path)
{
	for (; *path != '\0' && n != NULL; path++) {
		size_t i = *path == '9' ? n->n - 1 : (size_t)(*path - '0');

		n = i < n->n ? &n->child[i] : NULL;
	}
	return n;
}

struct node *
tree_find(struct node *n, enum role role)
{
	struct node *found = n->role == role ? n : NULL;

	for (size_t i = 0; found == NULL && i < n->n; i++)
		found = tree_find(&n->child[i], role);
	return found;
}

static void
drop_children(struct node *n)
{
	for (size_t i = 0; i < n->n; i++)
		tree_free(&n->child[i]);
	n->n = 0;
}

void
tree_remove(struct node *parent, size_t i)
{
	struct node *n = &parent->child[i];

	tree_free(n);
	memmove(n, n + 1, (parent->n - i - 1) * sizeof(*n));
	parent->n--;
}

void
node_set(struct node *n, struct view body)
{
	drop_children(n);
	blob_set(&n->body, body);
}

/* ---- wounds of structure: child i of p, *n ---- */

struct wounded {
	struct dice *d;
	struct node *p, *n;
	size_t i;
	const struct node *donor;
};

static void
remove_it(struct wounded *w)
{
	tree_remove(w->p, w->i);
}

static void
insert(struct wounded *w, struct node new)
{
	(void)node_add(w->p);
	w->n = &w->p->child[w->i];
	memmove(w->n + 1, w->n, (w->p->n - 1 - w->i) * sizeof(*w->n));
	*w->n = new;
}

static void
forget_roles(struct node *n)
{
	n->role = ROLE_NONE;
	for (size_t i = 0; i < n->n; i++)
		forget_roles(&n->child[i]);
}

static void
double_it(struct wounded *w)
{
	struct node copy;

	tree_copy(w->n, &copy);
	forget_roles(&copy);
	insert(w, copy);
}

static const struct node *
some_node(struct dice *d, const struct node *n)
{
	while (n->n > 0 && dice_below(d, 4) != 0)
		n = &n->child[dice_below(d, n->n)];
	return n;
}

static void
graft(struct wounded *w)
{
	struct node copy;

	tree_copy(some_node(w->d, w->donor), &copy);
	forget_roles(&copy);
	if (dice_below(w->d, 2) == 0) {
		insert(w, copy);
	} else {
		tree_free(w->n);
		*w->n = copy;
	}
}

static void
swap(struct wounded *w)
{
	struct node *other = &w->p->child[dice_below(w->d, w->p->n)], kept = *w->n;

	*w->n = *other;
	*other = kept;
}

static void
reverse(struct wounded *w)
{
	for (size_t i = 0; i < w->n->n / 2; i++) {
		struct node kept = w->n->child[i];

		w->n->child[i] = w->n->child[w->n->n - 1 - i];
		w->n->child[w->n->n - 1 - i] = kept;
	}
}

static void
retag(struct wounded *w)
{
	static const uint8_t tags[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13,
	    0x14, 0x16, 0x17, 0x18, 0x1e, 0x24, 0x30, 0x31, 0x80, 0x81, 0x82, 0xa0, 0xa1, 0xa2,
	    0xa3, 0x1f, 0x00};

	if (dice_below(w->d, 3) == 0)
		w->n->tag ^= (uint8_t)(1u << dice_below(w->d, 8));
	else
		w->n->tag = tags[dice_below(w->d, COUNT_OF(tags))];
}

static void
other_string(struct wounded *w)
{
	static const uint8_t tags[] = {0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1e};

	for (size_t i = 0; i < COUNT_OF(tags); i++)
		if (w->n->tag == tags[i]) {
			w->n->tag = tags[dice_below(w->d, COUNT_OF(tags))];
			return;
		}
	retag(w);
}

static void
relength(struct wounded *w)
{
	w->n->length = (enum length)(1 + dice_below(w->d, LENGTH_LONG));
}

static void
in_pieces(struct wounded *w)
{
	struct blob all = {0};
	struct node *piece;
	size_t cut, from = 0;

	if (w->n->tag != OCTETS && w->n->tag != CIPHERTEXT) {
		w->n->length = LENGTH_OPEN;
		return;
	}
	blob_set(&all, blob_view(&w->n->body));
	for (size_t i = 0; i < w->n->n; i++)
		tree_write(&w->n->child[i], false, &all);
	node_set(w->n, view_of(NULL, 0));
	w->n->tag |= CONSTRUCTED;
	w->n->length = dice_below(w->d, 2) == 0 ? LENGTH_OPEN : LENGTH_SHORTEST;
	for (int i = 0; i < 3; i++, from = cut) {
		cut = i == 2 ? all.n : from + dice_below(w->d, all.n - from + 1);
		piece = node_add(w->n);
		piece->tag = OCTETS;
		blob_set(&piece->body, view_of(all.p + from, cut - from));
	}
	blob_free(&all);
}

/* ---- wounds of contents ---- */

static void
one_bit(struct wounded *w)
{
	if (w->n->body.n == 0)
		retag(w);
	else
		w->n->body.p[dice_below(w->d, w->n->body.n)] ^=
		    (uint8_t)(1u << dice_below(w->d, 8));
}

static void
one_octet(struct wounded *w)
{
	static const uint8_t favourites[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0xff, ' ', 'a', 'Z'};

	if (w->n->body.n == 0)
		blob_add_byte(&w->n->body, favourites[dice_below(w->d, COUNT_OF(favourites))]);
	else
		w->n->body.p[dice_below(w->d, w->n->body.n)] =
		    favourites[dice_below(w->d, COUNT_OF(favourites))];
}

static void
pad(struct wounded *w)
{
	struct blob padded = {0};

	blob_add_byte(&padded, dice_below(w->d, 3) == 0 ? 0xff : 0);
	blob_add_view(&padded, blob_view(&w->n->body));
	blob_free(&w->n->body);
	w->n->body = padded;
}

static void
resize(struct wounded *w)
{
	struct blob *b = &w->n->body;

	if (b->n > 0 && dice_below(w->d, 2) == 0)
		b->n = dice_below(w->d, b->n);
	else
		for (uint32_t i = 1 + dice_below(w->d, 100); i > 0; i--)
			blob_add_byte(b, (uint8_t)('0' + i % 10));
}

static void
empty(struct wounded *w)
{
	node_set(w->n, view_of(NULL, 0));
}

static void
favourite_value(struct wounded *w)
{
	static const char *const values[] = {"\x01", "\x02", "\x03", "\x04", "\x05", "3", "17",
	    "18", "19", "20", "21", "22", "019", "-1", " 19", "0", "2", "99999999999999999999",
	    "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",
	    "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07",
	    "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "\x60\x86\x48\x01\x65\x03\x04\x02\x01",
	    "\x60\x86\x48\x01\x65\x03\x04\x02\x03", "\x2b\x0e\x03\x02\x1a", "\x55\x04\x03"};
	const char *value = values[dice_below(w->d, COUNT_OF(values))];

	node_set(w->n, view_of(value, strlen(value)));
}

static size_t
count(const struct node *n)
{
	size_t all = n->n;

	for (size_t i = 0; i < n->n; i++)
		all += count(&n->child[i]);
	return all;
}

/* Half of the time any element below the root, else a walk down that stops somewhere: else the
 * certificate would take most wounds. */
static void
pick(struct dice *d, struct node *root, struct node **parent, size_t *i)
{
	size_t target = dice_below(d, count(root)), below;
	bool any = dice_below(d, 2) == 0;

	for (*parent = root;; *parent = &(*parent)->child[*i]) {
		if (any) {
			for (*i = 0; target > (below = count(&(*parent)->child[*i])); (*i)++)
				target -= below + 1;
			if (target-- == 0)
				return;
		} else {
			*i = dice_below(d, (*parent)->n);
			if ((*parent)->child[*i].n == 0 || dice_below(d, 4) == 0)
				return;
		}
	}
}

void
tree_wound(struct dice *d, struct node *root, const struct node *donor)
{
	static void (*const wounds[])(struct wounded *) = {remove_it, double_it, graft, swap,
	    swap, reverse, retag, other_string, relength, relength, in_pieces, one_bit, one_bit,
	    one_octet, pad, resize, empty, favourite_value, favourite_value};
	struct wounded w = {.d = d, .donor = donor};

	if (root->n == 0)
		return;
	pick(d, root, &w.p, &w.i);
	w.n = &w.p->child[w.i];
	wounds[dice_below(d, COUNT_OF(wounds))](&w);
}

void
octets_wound(struct dice *d, struct blob *b)
{
	size_t at = dice_below(d, b->n), from = dice_below(d, b->n), len = 1 + dice_below(d, 8);

	len = at + len > b->n ? b->n - at : len;
	switch (dice_below(d, 7)) {
	case 0:
		b->p[at] ^= (uint8_t)(1u << dice_below(d, 8));
		break;
	case 1:
		b->p[at] = (uint8_t)dice_below(d, 256);
		break;
	case 2:
		b->n = at + 1;
		break;
	case 3:
		memmove(b->p + at, b->p + at + len, b->n - at - len);
		b->n -= len;
		break;
	case 4:
		memmove(b->p + at, b->p + (from < at ? from : 0), at + len <= b->n ? len : 0);
		break;
	case 5:
		b->p[at] = (uint8_t)(0x80 + dice_below(d, 6));
		break;
	default:
		for (; len > 0; len--)
			blob_add_byte(b, (uint8_t)dice_below(d, 256));
	}
	if (b->n == 0)
		blob_add_byte(b, 0x30);
}
