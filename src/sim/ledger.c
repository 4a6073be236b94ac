/* ledger.c - what was seen of certificates and CAs. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_int.h"

/* ---- keys to numbers ---- */

static size_t
place(const struct index *x, uint64_t key)
{
	size_t i = (size_t)(dice_mix(key) & (x->cap - 1));

	while (x->key[i] != 0 && x->key[i] != key)
		i = (i + 1) & (x->cap - 1);
	return i;
}

static void
grow(struct index *x)
{
	struct index bigger = {.cap = x->cap == 0 ? 256 : 2 * x->cap};

	bigger.key = mem_array(NULL, bigger.cap, sizeof(*bigger.key));
	bigger.value = mem_array(NULL, bigger.cap, sizeof(*bigger.value));
	memset(bigger.key, 0, bigger.cap * sizeof(*bigger.key));
	for (size_t i = 0; i < x->cap; i++)
		if (x->key[i] != 0)
			index_put(&bigger, x->key[i], x->value[i]);
	index_free(x);
	*x = bigger;
}

void
index_put(struct index *x, uint64_t key, uint32_t value)
{
	size_t i;

	if (2 * (x->n + 1) > x->cap)
		grow(x);
	i = place(x, key);
	x->n += x->key[i] == 0;
	x->key[i] = key;
	x->value[i] = value;
}

bool
index_get(const struct index *x, uint64_t key, uint32_t *value)
{
	size_t i;

	if (x->cap == 0)
		return false;
	i = place(x, key);
	*value = x->value[i];
	return x->key[i] == key;
}

void
index_free(struct index *x)
{
	free(x->key);
	free(x->value);
	*x = (struct index){0};
}

/* ---- the ledger ---- */

/* Nobody looks for collisions here, and SHA-256 would be a tenth of all that is done. */
uint64_t
digest_of(struct view v)
{
	uint64_t d = dice_mix(v.n + 1), x;

	for (; v.n >= sizeof(x); v.p += sizeof(x), v.n -= sizeof(x)) {
		memcpy(&x, v.p, sizeof(x));
		d = (d ^ x) * UINT64_C(0x9fb21c651e98df25);
		d ^= d >> 32;
	}
	x = 0;
	if (v.n > 0)
		memcpy(&x, v.p, v.n);
	d = dice_mix(d ^ x);
	return d == 0 ? 1 : d;
}

static struct view
unpadded(struct view serial)
{
	while (serial.n > 1 && serial.p[0] == 0) {
		serial.p++;
		serial.n--;
	}
	return serial;
}

struct seen_cert *
ledger_cert(struct ledger *l, struct view serial)
{
	uint32_t at;

	if (!index_get(&l->by_serial, digest_of(unpadded(serial)), &at))
		return NULL;
	return &l->cert[at];
}

struct seen_cert *
ledger_add(struct ledger *l, struct view serial)
{
	struct view s = unpadded(serial);
	struct seen_cert *c;

	if (l->certs == l->certs_cap) {
		l->certs_cap = l->certs_cap == 0 ? 256 : 2 * l->certs_cap;
		l->cert = mem_array(l->cert, l->certs_cap, sizeof(*l->cert));
	}
	c = &l->cert[l->certs];
	*c = (struct seen_cert){.serial = digest_of(s)};
	c->n = (uint8_t)(s.n < sizeof(c->octets) ? s.n : sizeof(c->octets));
	memcpy(c->octets, s.p, c->n);
	index_put(&l->by_serial, c->serial, (uint32_t)l->certs++);
	return c;
}

struct seen_ca *
ledger_ca_by_label(struct ledger *l, const char *label)
{
	for (size_t i = l->cas; i-- > 0;)
		if (strcmp(l->ca[i].label, label) == 0)
			return &l->ca[i];
	return NULL;
}

struct seen_ca *
ledger_ca_by_digest(struct ledger *l, uint64_t digest)
{
	for (size_t i = l->cas; i-- > 0;)
		if (l->ca[i].der == digest)
			return &l->ca[i];
	return NULL;
}

struct seen_ca *
ledger_ca_by_der(struct ledger *l, struct view der)
{
	return ledger_ca_by_digest(l, digest_of(der));
}

struct seen_ca *
ledger_ca_numbered(const struct ledger *l, int64_t number)
{
	for (size_t i = 0; i < l->cas; i++)
		if (l->ca[i].number == number)
			return &l->ca[i];
	return NULL;
}

struct seen_ca *
ledger_before(const struct ledger *l, const struct seen_ca *ca)
{
	for (size_t i = (size_t)(ca - l->ca); i-- > 0;)
		if (l->ca[i].cancelled_ms == 0)
			return &l->ca[i];
	return NULL;
}

struct seen_ca *
ledger_behind(const struct ledger *l, const struct seen_ca *ca)
{
	for (size_t i = (size_t)(ca - l->ca) + 1; i < l->cas; i++)
		if (l->ca[i].cancelled_ms == 0)
			return &l->ca[i];
	return NULL;
}

struct seen_ca *
ledger_last(const struct ledger *l)
{
	return ledger_before(l, l->ca + l->cas);
}

void
ledger_free(struct ledger *l)
{
	free(l->cert);
	free(l->ca);
	free(l->revoked);
	index_free(&l->by_serial);
	index_free(&l->by_request);
	index_free(&l->by_transaction);
	*l = (struct ledger){0};
}
