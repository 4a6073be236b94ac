/* cdp.c - one fetch of a list for all who wait. */
#include <stdlib.h>
#include <string.h>

#include "agent/lists_int.h"

/* Two addresses are one where the way to them is one as well. */
static void
key_of(const struct member *m, const char *url, struct blob *out)
{
	const struct conf_trustpoint *t = lines(m);

	blob_clear(out);
	blob_printf(out, "%s %s %u %s", t->interface, t->proxy, t->proxy_port, url);
}

bool
cdp_is(const struct cdp *c, const struct member *m, const char *url)
{
	struct blob key = {0};
	bool same;

	key_of(m, url, &key);
	same = view_equal_str(blob_view(&key), c->key);
	blob_free(&key);
	return same;
}

static void
cdp_free(struct cdp *c)
{
	free(c->key);
	free(c->waiting);
	blob_free(&c->body);
	blob_free(&c->reason);
	free(c);
}

/* One that came may be some seconds old: it is for who asks by itself. */
static struct cdp *
cdp_find(struct agent *a, struct view key, bool fresh)
{
	for (struct cdp *c = a->cdps; c != NULL; c = c->next)
		if (!(c->came && fresh) && view_equal_str(key, c->key))
			return c;
	return NULL;
}

static struct cdp *
cdp_new(struct member *m, const char *url, struct view key)
{
	const struct courier_fetch f = {.url = view_str(url), .max = LIST_MAX};
	struct agent *a = m->agent;
	struct cdp *c = mem_get(sizeof(*c));

	c->key = mem_get(key.n + 1);
	memcpy(c->key, key.p, key.n);
	c->next = a->cdps;
	a->cdps = c;
	fetch_add(m, &f)->cdp = c;
	m->counters.list_fetches++;
	return c;
}

void
cdp_ask(struct member *m, const char *url, bool fresh)
{
	struct blob key = {0};
	struct cdp *c;

	key_of(m, url, &key);
	c = cdp_find(m->agent, blob_view(&key), fresh);
	if (c == NULL)
		c = cdp_new(m, url, blob_view(&key));
	if (c->n == c->cap) {
		c->cap = c->cap == 0 ? 1 : 2 * c->cap;
		c->waiting = mem_array(c->waiting, c->cap, sizeof(c->waiting[0]));
	}
	c->waiting[c->n++] = m;
	blob_free(&key);
}

void
cdp_answered(struct agent *a, struct cdp *c, const struct courier_got *got)
{
	c->came = true;
	c->at = a->clock.now;
	keys_random(a->o.keys, &c->draw, 1);
	blob_set(&c->body, got->body);
	blob_set(&c->reason, got->reason);
	c->got = *got;
	c->got.body = blob_view(&c->body);
	c->got.reason = blob_view(&c->reason);
}

/* Each verifies it and writes it down: that may take long, and others have their turn. */
void
cdps_deal(struct agent *a)
{
	for (struct cdp **at = &a->cdps, *c; (c = *at) != NULL;) {
		while (c->came && c->served < c->n) {
			if (!agent_has_time(a))
				return;
			lists_came(c->waiting[c->served++], c);
		}
		if (c->came) {
			*at = c->next;
			cdp_free(c);
		} else {
			at = &c->next;
		}
	}
}

bool
cdps_came(const struct agent *a)
{
	for (const struct cdp *c = a->cdps; c != NULL; c = c->next)
		if (c->came)
			return true;
	return false;
}

void
cdps_free(struct agent *a)
{
	for (struct cdp *c; (c = a->cdps) != NULL;) {
		a->cdps = c->next;
		cdp_free(c);
	}
}
