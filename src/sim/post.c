/* post.c - what travels between them, and what happens to it. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_int.h"

#define PATIENCE 60000 /* ms: a client's transport gives up */
#define REFUSED 3000   /* ms until it knows that nobody is there */

void
letter_free(struct letter *l)
{
	if (l == NULL)
		return;
	blob_free(&l->body);
	free(l);
}

/* ---- published objects: as net/front.c serves them ---- */

struct object *
post_object(struct sim *w, enum ca_object what, const char *leaf)
{
	struct server *s = &w->server;
	struct object *best = NULL;
	when_t now = server_now(w);

	for (size_t i = 0; i < s->objects; i++) {
		struct object *o = &s->object[i];

		if (o->what == what && strcmp(o->leaf, leaf) == 0 && now >= o->from &&
		    now < o->until && (best == NULL || o->from > best->from))
			best = o;
	}
	return best;
}

static bool
is_past(const struct object *o, const struct effect *x, when_t now)
{
	if (now >= o->until)
		return true;
	return o->what == x->object && strcmp(o->leaf, x->leaf) == 0 &&
	       (x->bytes.n == 0 || o->from == x->valid_from ||
		   (o->from < x->valid_from && now >= x->valid_from));
}

void
post_publish(struct sim *w, const struct effect *x)
{
	struct server *s = &w->server;
	when_t now = server_now(w);
	size_t kept = 0;
	struct object *o;

	for (size_t i = 0; i < s->objects; i++)
		if (is_past(&s->object[i], x, now))
			blob_free(&s->object[i].bytes);
		else
			s->object[kept++] = s->object[i];
	s->objects = kept;
	if (x->object == OBJECT_NEXT && x->bytes.n == 0)
		s->next_due = x->valid_from;
	if (x->bytes.n == 0) /* taken back */
		return;
	s->object = mem_array(s->object, kept + 1, sizeof(*s->object));
	s->objects = kept + 1;
	o = &s->object[kept];
	*o = (struct object){.what = x->object,
	    .from = x->valid_from,
	    .until = x->valid_until,
	    .bundle = x->bundle};
	(void)snprintf(o->leaf, sizeof(o->leaf), "%s", x->leaf);
	blob_set(&o->bytes, blob_view(&x->bytes));
}

int
post_next_retry(struct sim *w)
{
	when_t due = w->server.next_due;

	if (due == INT64_MIN)
		return HOUR;
	return (int)when_max(MINUTE, when_min(DAY, when_add(due, -server_now(w))));
}

void
post_forget(struct sim *w)
{
	struct server *s = &w->server;

	for (size_t i = 0; i < s->objects; i++)
		blob_free(&s->object[i].bytes);
	s->objects = 0;
	s->next_due = INT64_MIN;
	for (size_t i = 0; i < s->letters; i++) {
		struct letter *l = s->letter[i];

		s->letter[i] = NULL;
		if (l == NULL)
			continue;
		law_unseen(w, l);
		l->status = 0;
		blob_clear(&l->body);
		post_answer(w, l);
	}
}

/* ---- the way there and back ---- */

bool
post_clear(const struct sim *w, const struct client *c)
{
	const struct server *s = &w->server;

	return s->up && s->full == 0 && s->held == 0 && s->mute == 0 && c->up && c->cut == 0 &&
	       c->off == 0 && c->full == 0 && clock_right(w, &s->clock) &&
	       clock_right(w, &c->clock);
}

static void
hurt(struct sim *w, struct letter *l)
{
	size_t at;

	if (l->body.n == 0)
		return;
	at = (size_t)dice_below(&w->net, l->body.n);
	if (dice_chance(&w->net, w->odds.cut * 1000 / (w->odds.cut + w->odds.hurt)))
		l->body.n = at;
	else
		l->body.p[at] ^= (uint8_t)(1 + dice_below(&w->net, 255));
	l->hurt = true;
}

static int64_t
way(struct sim *w)
{
	return dice_chance(&w->net, w->odds.late) ? dice_between(&w->net, 1000, 7 * DAY_MS)
						  : dice_between(&w->net, 5, 120);
}

static void
time_out(struct sim *w, const struct letter *l, int64_t at)
{
	if (!l->twin)
		world_at(w, at > w->now ? at : w->now, M_CLIENT_TIMEOUT, l->client, l->life,
		    l->fetch, NULL);
}

/* A second copy, of which nobody expects an answer. */
static void
send_twin(struct sim *w, const struct letter *l)
{
	struct letter *twin = mem_get(sizeof(*twin));

	*twin = *l;
	twin->body = (struct blob){0};
	blob_set(&twin->body, blob_view(&l->body));
	twin->twin = true;
	world_at(w, w->now + way(w), M_SERVER_HEARS, l->client, 0, 0, twin);
}

void
post_send(struct sim *w, struct client *c, struct tp_effect *x)
{
	struct letter *l = mem_get(sizeof(*l));
	int64_t takes = way(w);

	l->client = (uint32_t)client_number(w, c);
	l->life = c->life;
	l->fetch = x->id;
	l->what = x->fetch;
	l->sent_ms = w->now;
	blob_set(&l->body, blob_view(&x->bytes));
	for (size_t i = 0; i < COUNT_OF(c->open); i++)
		if (c->open[i] == 0) {
			c->open[i] = x->id;
			break;
		}
	if (c->cut > 0) {
		time_out(w, l, w->now + REFUSED);
		letter_free(l);
		return;
	}
	if (dice_chance(&w->net, w->odds.twice))
		send_twin(w, l);
	if (dice_chance(&w->net, w->odds.lost)) {
		w->numbers.lost++;
		time_out(w, l, w->now + PATIENCE);
		letter_free(l);
		return;
	}
	if (takes >= PATIENCE) { /* arrives when nobody waits any more */
		time_out(w, l, w->now + PATIENCE);
		l->twin = true;
	}
	if (dice_chance(&w->net, w->odds.cut + w->odds.hurt))
		hurt(w, l);
	world_at(w, w->now + takes, M_SERVER_HEARS, l->client, 0, 0, l);
}

static void
proxy_error(struct sim *w, struct letter *l)
{
	static const int codes[] = {404, 500, 503, 502};

	l->status = codes[dice_below(&w->net, COUNT_OF(codes))];
	l->retry_after = 0;
	l->hurt = true;
	blob_clear(&l->body);
	blob_add_str(&l->body, "<html><body>made by the network</body></html>");
}

void
post_answer(struct sim *w, struct letter *l)
{
	const struct client *c = &w->client[l->client];
	int64_t takes = way(w);

	if (l->twin || l->life != c->life) {
		letter_free(l);
		return;
	}
	if (c->cut > 0 || dice_chance(&w->net, w->odds.lost_back) ||
	    w->now + takes - l->sent_ms >= PATIENCE) {
		w->numbers.lost++;
		time_out(w, l, l->sent_ms + PATIENCE);
		letter_free(l);
		return;
	}
	if (l->status != 0 && dice_chance(&w->net, w->odds.refused))
		proxy_error(w, l);
	else if (dice_chance(&w->net, w->odds.cut + w->odds.hurt))
		hurt(w, l);
	world_at(w, w->now + takes, M_CLIENT_HEARS, l->client, l->life, l->fetch, l);
}
