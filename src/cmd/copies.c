/* copies.c - copies of archives and lists go to the porter. */
#include "cmd/core.h"

#define ARCHIVE_MAX (1024 * 1024)

static void
copy(struct server *s, enum conf_depots which, const char *leaf, struct view bytes)
{
	int depot = depot_number(s->core->o->conf, s->conf, which);

	if (depot >= 0)
		copies_add(&s->core->copies, (unsigned)depot, leaf, bytes);
}

void
copy_archive(struct server *s, const char *leaf, struct view bytes)
{
	copy(s, DEPOT_P12, leaf, bytes);
}

void
copy_no_more(struct server *s, const char *leaf)
{
	int depot = depot_number(s->core->o->conf, s->conf, DEPOT_P12);

	if (depot >= 0)
		copies_drop(&s->core->copies, (unsigned)depot, leaf);
}

void
copy_list(struct server *s, struct view der)
{
	char leaf[CONF_NAME_MAX + 4];

	(void)snprintf(leaf, sizeof(leaf), "%s.crl", s->conf->name);
	copy(s, DEPOT_CRL, leaf, der);
	copy(s, DEPOT_CRL_TOO, leaf, der);
}

/* What of it was copied before is not kept: doing it again does no harm. A cancelled CA's key
 * goes nowhere. Lists come by themselves, with their publication. */
void
copy_archives(struct server *s)
{
	int64_t next = ca_next_generation(s->ca), last = ca_generation(s->ca);

	if (depot_number(s->core->o->conf, s->conf, DEPOT_P12) < 0)
		return;
	for (int64_t n = 1; n <= (next > last ? next : last); n++) {
		char leaf[96], below[160], path[512];
		struct blob bytes = {0};

		ca_archive_name(s->ca, n, leaf);
		(void)snprintf(below, sizeof(below), "archive/%s", leaf);
		if (ca_stands(s->ca, n) &&
		    file_read(server_path(s->core->o->state, s->conf->name, below, path),
			ARCHIVE_MAX, &bytes, NULL))
			copy_archive(s, leaf, blob_view(&bytes));
		blob_free(&bytes);
	}
}

static void
copied(struct core *c, const struct courier_stored *s)
{
	const struct courier_copy *x;
	const char *ca, *url;
	uint8_t draw;

	keys_random(c->server[0].keys, &draw, 1);
	x = copies_done(&c->copies, s, core_now(c), draw);
	if (x == NULL)
		return;
	ca = c->o->conf->server[x->depot / CONF_DEPOTS].name;
	url = depot_of(c->o->conf, x->depot)->url;
	if (x->trouble.tries > 0)
		log_warn("copies fall behind, tried again until they stand",
		    "ca='%s' url='%s' file='%s' why='%s'", ca, url, x->leaf, x->why);
	else
		log_notice("copies stand again", "ca='%s' url='%s'", ca, url);
}

void
copies_work(struct core *c)
{
	struct courier_put put;

	while (copies_next(&c->copies, core_now(c), &put)) {
		struct blob message = {0};
		struct err e = {0};

		courier_put_encode(&put, &message);
		if (!channel_send(c->o->porter, blob_view(&message), &e))
			copied(c,
			    &(struct courier_stored){.id = put.id, .reason = view_str(e.text)});
		blob_free(&message);
	}
}

static bool
porter_said(struct core *c, struct view message, struct err *e)
{
	struct courier_stored stored;
	struct courier_say say;

	if (courier_is_stored(message)) {
		if (!courier_stored_decode(message, &stored, e))
			return false;
		copied(c, &stored);
		return true;
	}
	if (!courier_say_decode(message, &say, e))
		return false;
	if (say.result == COURIER_READY)
		copies_began(&c->copies);
	return true;
}

static void
porter_readable(void *arg)
{
	struct core *c = arg;

	core_hear(c, c->o->porter, CHANNEL_INLINE_MAX, "porter", porter_said);
}

void
copies_open(struct core *c)
{
	if (c->o->porter >= 0)
		c->porter_watch = loop_watch(c->loop, c->o->porter, porter_readable, c);
}

void
copies_close(struct core *c)
{
	watch_free(c->porter_watch);
	copies_free(&c->copies);
}
