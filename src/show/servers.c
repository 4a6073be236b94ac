/* servers.c - what servers add to shared commands. */
#include <string.h>

#include "show/show_int.h"

const char *const show_reasons[] = {
    "unspecified",
    "key-compromise",
    "ca-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "certificate-hold",
    "",
    "remove-from-crl",
    "privilege-withdrawn",
    "aa-compromise",
};
const size_t show_reason_count = COUNT_OF(show_reasons);

struct plan_ca_facts
show_facts(const struct show *s, const struct ca *ca)
{
	struct plan_ca_facts f = *ca_facts(ca);

	f.clock_trusted = s->w->clock_trusted;
	return f;
}

/* ---- show crypto pki certificates ---- */

/* The RA of the active generation, once it is made. */
static bool
put_ra(const struct show *s, const struct show_server *server, struct tree *list, struct err *e)
{
	struct store *st = ca_store(server->ca);
	char label[KEY_LABEL_MAX];
	struct row_generation g;
	struct row_cert row;
	struct err why = {0};

	if (!st->table->generation_get(st, ca_generation(server->ca), &g, &why))
		return show_absent(&why, e);
	if (g.ra_intent == 0)
		return true;
	(void)snprintf(label, sizeof(label), "%s", g.ra_label);
	if (!st->table->cert_get(st, g.ra_intent, &row, e))
		return false;
	return row.state != CERT_ISSUED || show_put_cert(s, server->conf->name, label, row.body,
					       SHOW_RA, tree_add_object(list), e);
}

bool
show_cas(const struct show_server *server, show_each_ca each, void *arg, struct err *e)
{
	struct store *st = ca_store(server->ca);
	struct row_generation g;
	const int64_t both[] = {ca_next_generation(server->ca), ca_generation(server->ca)};
	struct err why = {0};

	for (size_t i = 0; i < COUNT_OF(both); i++) {
		if (both[i] == 0)
			continue;
		if (!st->table->generation_get(st, both[i], &g, &why)) {
			if (!show_absent(&why, e))
				return false;
			continue;
		}
		if (g.cert.n > 0 && !each(arg, &g, i == 0, e))
			return false;
	}
	return true;
}

struct putting {
	const struct show *s;
	const struct show_server *server;
	struct tree *list;
};

static bool
put_ca(void *arg, const struct row_generation *g, bool next, struct err *e)
{
	const struct putting *p = arg;

	return show_put_cert(p->s, p->server->conf->name, g->key_label, g->cert,
	    next ? SHOW_NEXT_CA : SHOW_CA, tree_add_object(p->list), e);
}

static bool
put_certs(
    const struct show *s, const struct show_server *server, struct tree *list, struct err *e)
{
	struct putting p = {s, server, list};

	return show_cas(server, put_ca, &p, e) && put_ra(s, server, list, e);
}

static bool
certificates(struct show *s, struct tree *list, struct err *e)
{
	for (size_t i = 0; i < s->w->server_count; i++) {
		const struct show_server *server = &s->w->server[i];

		if (server->ca == NULL || (s->c->name[0] != 0 && server != s->server))
			continue;
		if (!put_certs(s, server, list, e))
			return false;
	}
	return true;
}

/* ---- show crypto pki timers ---- */

static const char *const names[] = {
    [TIMER_CRL_UPDATE] = "CS CRL UPDATE",
    [TIMER_ROLLOVER] = "CS SHADOW CERT GENERATION",
    [TIMER_CERT_EXPIRE] = "CS CERT EXPIRE",
    [TIMER_REQUEST_EXPIRE] = "ER EXPIRE",
};

static void
put_timer(struct show *s, const struct show_server *server, enum plan_timer timer,
    int64_t request, when_t at)
{
	struct tree *o = show_put_timer(
	    s, tree_get(s->tree, "cs_timers"), names[timer], "server", server->conf->name, at);

	if (request != 0)
		tree_put_int(o, "request", request);
}

/* Requests behind s->after, at most *room of them. *done: there are no more. */
static bool
put_requests(
    struct show *s, const struct show_server *server, int *room, bool *done, struct err *e)
{
	struct store *st = ca_store(server->ca);
	struct row_request r;
	struct err why = {0};

	*done = false;
	for (; *room > 0; --*room) {
		if (!st->table->request_next(st, s->after, &r, &why)) {
			*done = true;
			s->after = 0;
			return show_absent(&why, e);
		}
		s->after = r.id;
		put_timer(s, server, TIMER_REQUEST_EXPIRE, r.id, r.expires_at);
	}
	return true;
}

static bool
put_timers(
    struct show *s, const struct show_server *server, int *room, bool *done, struct err *e)
{
	struct plan_ca_facts f = show_facts(s, server->ca);
	struct plan_row row[TIMER_COUNT];
	size_t n = plan_ca_timers(&ca_policy(server->ca)->plan, &f, row);

	*done = true;
	if (n == 0)
		return true;
	for (size_t i = 0; i < n && s->after == 0; i++)
		if (row[i].timer != TIMER_REQUEST_EXPIRE)
			put_timer(s, server, row[i].timer, 0, row[i].at);
	return put_requests(s, server, room, done, e);
}

static bool
timers(struct show *s, bool *more, struct err *e)
{
	int room = PIECE;
	bool done;

	if (!tree_has(s->tree, "cs_timers"))
		(void)tree_add_array(s->tree, "cs_timers");
	for (; s->server_at < s->w->server_count; s->server_at++) {
		const struct show_server *server = &s->w->server[s->server_at];

		if (server->ca == NULL)
			continue;
		if (!put_timers(s, server, &room, &done, e))
			return false;
		*more = !done;
		if (*more)
			return true;
	}
	return true;
}

/* ---- show running-config ---- */

#define CHAIN_LINE 32 /* octets a line, in groups of four */

static bool
add_certificate(void *arg, const struct row_generation *g, bool next, struct err *e)
{
	struct blob *out = arg;
	struct cert c;

	if (!cert_decode(g->cert, &c, e))
		return err_prefix(e, "stored CA certificate");
	blob_add_str(out, next ? " certificate ca rollover " : " certificate ca ");
	hex_add(out, show_unsigned(c.serial), true);
	for (size_t i = 0; i < g->cert.n; i++) {
		if (i % CHAIN_LINE == 0)
			blob_add_str(out, "\n  ");
		else if (i % 4 == 0)
			blob_add_byte(out, ' ');
		hex_add(out, view_of(g->cert.p + i, 1), true);
	}
	blob_add_str(out, "\n  quit\n");
	return true;
}

/* IOS S55; a configuration that is read drops them: they are the database's. */
static bool
add_chain(const struct show_server *server, struct blob *out, struct err *e)
{
	struct blob chain = {0};
	bool ok = show_cas(server, add_certificate, &chain, e);

	if (ok && chain.n > 0) {
		blob_printf(out, "crypto pki certificate chain %s\n", server->conf->name);
		blob_add_view(out, blob_view(&chain));
		blob_add_str(out, "!\n");
	}
	blob_free(&chain);
	return ok;
}

static bool
running(struct show *s, struct blob *out, struct err *e)
{
	for (size_t i = 0; i < s->w->server_count; i++)
		if (s->w->server[i].ca != NULL && !add_chain(&s->w->server[i], out, e))
			return false;
	return true;
}

const struct show_half show_half_servers = {
    .certificates = certificates, .timers = timers, .running = running};
