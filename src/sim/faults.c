/* faults.c - what goes wrong, and what people do. */
#include <stdlib.h>

#include "sim/sim_int.h"

#define QUIET (60 * DAY_MS) /* at the end nothing goes wrong any more */
#define PPM 200		    /* either way: a bad quartz */

enum fault_what {
	FAULT_CUT,
	FAULT_DOWN,
	FAULT_FULL,
	FAULT_STEP,
	FAULT_UNVOUCHED,
	FAULT_SHUTDOWN,
	FAULT_SIGNER,
	FAULT_ARCHIVE,
	FAULT_DRIFT,
	FAULT_READ_ONLY,
	FAULT_BACKUP,
	FAULT_CLIENT_OFF,
	FAULT_CLIENT_FULL,
	FAULT_CLIENT_STEP,
	FAULT_CLIENT_UNVOUCHED,
	FAULT_CLIENT_KEYS,
	FAULT_CLIENT_DRIFT,
	FAULT_CLIENT_STANDS, /* its clock */
	FAULT_CLIENT_READ_ONLY,
	FAULT_CLIENT_ROT,
	FAULT_KINDS,
};

/* Each stream is its own, so that what is drawn from another moves no world. */
enum stream { STREAM_FIRST, STREAM_KEYS, STREAM_LATER, STREAM_BACKUP, STREAM_ROT, STREAMS };
static const uint64_t stream_numbers[STREAMS] = {3, 5, 8, 9, 10};

static const struct {
	unsigned in_ten_years[SIM_HEAVY + 1];
	int64_t least, most; /* how long it lasts */
	enum stream stream;
} kinds[FAULT_KINDS] = {
    [FAULT_CUT] = {{0, 5, 20}, HOUR_MS, 60 * DAY_MS},
    [FAULT_DOWN] = {{0, 4, 15}, MINUTE_MS, 3 * DAY_MS},
    [FAULT_FULL] = {{0, 2, 8}, MINUTE_MS, 3 * DAY_MS},
    [FAULT_STEP] = {{0, 2, 10}, MINUTE_MS, 2 * DAY_MS},
    [FAULT_UNVOUCHED] = {{0, 1, 4}, HOUR_MS, 30 * DAY_MS},
    [FAULT_SHUTDOWN] = {{0, 1, 4}, MINUTE_MS, DAY_MS},
    [FAULT_SIGNER] = {{0, 2, 8}, MINUTE_MS, DAY_MS, STREAM_KEYS},
    [FAULT_ARCHIVE] = {{0, 2, 8}, HOUR_MS, 3 * DAY_MS, STREAM_KEYS},
    [FAULT_DRIFT] = {{0, 1, 4}, HOUR_MS, 60 * DAY_MS, STREAM_LATER},
    [FAULT_READ_ONLY] = {{0, 2, 8}, MINUTE_MS, 3 * DAY_MS, STREAM_LATER},
    [FAULT_BACKUP] = {{0, 1, 4}, HOUR_MS, 30 * DAY_MS, STREAM_BACKUP},
    [FAULT_CLIENT_OFF] = {{0, 5, 20}, HOUR_MS, 60 * DAY_MS},
    [FAULT_CLIENT_FULL] = {{0, 5, 20}, MINUTE_MS, 3 * DAY_MS},
    [FAULT_CLIENT_STEP] = {{0, 5, 30}, MINUTE_MS, 3 * DAY_MS},
    [FAULT_CLIENT_UNVOUCHED] = {{0, 2, 10}, HOUR_MS, 30 * DAY_MS},
    [FAULT_CLIENT_KEYS] = {{0, 1, 4}, MINUTE_MS, MINUTE_MS, STREAM_KEYS}, /* gone for good */
    [FAULT_CLIENT_DRIFT] = {{0, 5, 20}, HOUR_MS, 60 * DAY_MS, STREAM_LATER},
    [FAULT_CLIENT_STANDS] = {{0, 2, 10}, MINUTE_MS, 3 * DAY_MS, STREAM_LATER},
    [FAULT_CLIENT_READ_ONLY] = {{0, 5, 20}, MINUTE_MS, 3 * DAY_MS, STREAM_LATER},
    [FAULT_CLIENT_ROT] = {{0, 1, 4}, MINUTE_MS, MINUTE_MS, STREAM_ROT},
};

static void
fault_put(struct sim *w, const struct fault *f)
{
	w->fault = mem_array(w->fault, w->faults + 1, sizeof(*w->fault));
	w->fault[w->faults] = *f;
	world_at(w, f->from, M_FAULT, 0, 0, 2 * w->faults, NULL);
	world_at(w, f->until, M_FAULT, 0, 0, 2 * w->faults + 1, NULL);
	w->faults++;
}

static void
fault_add(struct sim *w, struct dice *d, int what, int64_t from, int64_t until)
{
	static const int64_t steps[] = {
	    1000, -1000, HOUR_MS, -HOUR_MS, DAY_MS, -DAY_MS, 20 * 365 * DAY_MS, 0};
	struct fault f = {.what = what, .from = from, .until = until};

	if (until > w->end - QUIET || from <= w->start)
		return;
	f.step = (uint32_t)dice_between(d, 1, 20);
	f.first = (uint32_t)dice_below(d, f.step);
	f.amount = steps[dice_below(d, COUNT_OF(steps))];
	if (f.amount == 0) /* to 1970 */
		f.amount = -from;
	if (what == FAULT_DRIFT || what == FAULT_CLIENT_DRIFT)
		f.amount = dice_between(d, -PPM, PPM);
	else if (what == FAULT_CLIENT_STANDS)
		f.amount = CLOCK_STANDS;
	fault_put(w, &f);
}

/* Those that the setup asks for. */
static void
cuts_plan(struct sim *w)
{
	uint32_t first = 0;

	for (size_t i = 0; i < w->setup.fleets; i++) {
		const struct sim_fleet *fleet = &w->setup.fleet[i];
		int64_t from = w->start + fleet->cut_from * 1000;
		struct fault f = {.what = FAULT_CUT,
		    .from = from,
		    .until = from + fleet->cut_for * 1000,
		    .step = (uint32_t)w->clients};

		for (size_t k = 0; k < fleet->clients; k++) {
			f.first = first++;
			if (fleet->cut_for > 0)
				fault_put(w, &f);
		}
	}
}

static void
odds_draw(struct sim *w, struct dice *d)
{
	if (w->setup.faults == SIM_LIGHT)
		w->odds = (struct odds){20, 20, 5, 2, 2, 1, 5};
	else if (w->setup.faults == SIM_HEAVY)
		w->odds = (struct odds){(unsigned)dice_below(d, 301),
		    (unsigned)dice_below(d, 301), (unsigned)dice_below(d, 101),
		    (unsigned)dice_below(d, 21), (unsigned)dice_below(d, 21),
		    (unsigned)dice_below(d, 11), (unsigned)dice_below(d, 51)};
}

/* Around each switch, as far as it can be foreseen: the server is away, or many are cut off;
 * and when the next CA is made, its signer is busy, or no archive stands. */
static void
faults_at_switches(struct sim *w, struct dice *d, struct dice *keys)
{
	const struct plan_ca_policy *p = &w->setup.ca.plan;
	int64_t life = (p->lifetime_ca - p->overlap) * 1000;

	for (int64_t at = w->start + life; life > DAY_MS && at < w->end; at += life) {
		int64_t made = at + (p->overlap - p->rollover) * 1000;

		if (dice_chance(keys, 400))
			fault_add(w, keys,
			    dice_chance(keys, 500) ? FAULT_SIGNER : FAULT_ARCHIVE,
			    made - dice_between(keys, MINUTE_MS, DAY_MS),
			    made + dice_between(keys, MINUTE_MS, DAY_MS));
		int what = dice_chance(d, 500) ? FAULT_DOWN : FAULT_CUT;

		if (dice_chance(d, 400))
			fault_add(w, d, what, at - dice_between(d, MINUTE_MS, DAY_MS),
			    at + dice_between(d, MINUTE_MS, DAY_MS));
	}
}

static void
people_plan(struct sim *w, struct dice *d)
{
	int64_t years = (w->end - w->start) / (365 * DAY_MS);
	int64_t revocations = w->setup.faults == SIM_HEAVY ? 2 * years : years / 3;

	for (int64_t i = 0; i < revocations; i++)
		world_at(w, dice_between(d, w->start + DAY_MS, w->end), M_OPERATOR,
		    (uint32_t)dice_below(d, w->clients), 0, OP_REVOKE, NULL);
	if (dice_chance(d, 200))
		world_at(w, dice_between(d, w->start + DAY_MS, w->end), M_OPERATOR, 0, 0,
		    OP_ROLLOVER, NULL);
}

/* Lifetimes are configured anew: drawn beside all else, so that other worlds stay as they were.
 */
static void
changes_plan(struct sim *w)
{
	struct dice d = dice_of(w->setup.seed, 7);
	unsigned some = w->setup.faults == SIM_HEAVY ? 250 : 100;
	uint64_t n = dice_chance(&d, some) ? 1 + dice_below(&d, 4) : 0;

	w->cancels = dice_chance(&w->changes, some);
	for (uint64_t i = 0; i < n; i++)
		world_at(w, dice_between(&d, w->start + DAY_MS, w->end - QUIET), M_OPERATOR, 0,
		    dice_next(&d), OP_CONFIGURE, NULL);
}

static void
faults_of(struct sim *w, struct dice *d, int kind, int64_t span)
{
	uint64_t n =
	    kinds[kind].in_ten_years[w->setup.faults] * (uint64_t)(span / DAY_MS) / 3650;

	n = dice_below(d, 2 * n + 2);
	for (uint64_t i = 0; i < n; i++) {
		int64_t from = w->start + dice_between(d, 1, span);

		/* Long ones are rare: a length of any order of magnitude. */
		fault_add(w, d, kind, from,
		    from + kinds[kind].least +
			dice_between(d, 0, kinds[kind].most) / (1 << dice_below(d, 10)));
	}
}

void
faults_plan(struct sim *w)
{
	struct dice dice[STREAMS], *d = &dice[STREAM_FIRST];
	int64_t span = w->end - QUIET - w->start;

	for (int i = 0; i < STREAMS; i++)
		dice[i] = dice_of(w->setup.seed, stream_numbers[i]);
	odds_draw(w, d);
	cuts_plan(w);
	if (w->setup.faults == SIM_NONE || span < DAY_MS)
		return;
	for (int k = 0; k < FAULT_KINDS; k++)
		faults_of(w, &dice[kinds[k].stream], k, span);
	if (w->setup.faults == SIM_HEAVY)
		faults_at_switches(w, d, &dice[STREAM_KEYS]);
	people_plan(w, d);
	changes_plan(w);
}

/* ---- begin and end ---- */

/* In the end what it has gained is set right. */
static void
drift(const struct sim *w, struct wrong_clock *c, const struct fault *f, bool begins)
{
	clock_drift(w, c, begins ? f->amount : -f->amount);
	if (!begins)
		c->righted += f->amount * (f->until - f->from);
}

/* Whose clock was wrong confirms it a day after it is right. */
static void
server_clock_fault(struct sim *w, const struct fault *f, bool begins)
{
	struct server *s = &w->server;

	s->stepped_ms = w->now;
	if (f->what == FAULT_UNVOUCHED) {
		s->clock.vouched = !begins;
		return;
	}
	if (f->what == FAULT_STEP)
		s->clock.ahead_ms += begins ? f->amount : -f->amount;
	else
		drift(w, &s->clock, f, begins);
	if (!begins)
		world_at(w, w->now + w->day_ms, M_OPERATOR, 0, 0, OP_CONFIRM, NULL);
}

static void
server_fault(struct sim *w, const struct fault *f, bool begins)
{
	struct server *s = &w->server;

	s->healthy_since = w->now;
	switch ((enum fault_what)f->what) {
	case FAULT_FULL:
		s->full += begins ? 1 : -1;
		return;
	case FAULT_READ_ONLY: /* who runs goes on as with a full one, and none starts */
		s->full += begins ? 1 : -1;
		s->held += begins ? 1 : -1;
		if (!begins && s->held == 0 && !s->up)
			server_up(w);
		return;
	case FAULT_STEP:
	case FAULT_DRIFT:
	case FAULT_UNVOUCHED:
		server_clock_fault(w, f, begins);
		if (f->what == FAULT_STEP && begins && s->up &&
		    dice_chance(&w->luck, 500)) { /* found at a start */
			server_crash(w, 1000);
			return;
		}
		break;
	case FAULT_BACKUP: /* made, and put back; there is one at a time */
		if (begins && s->backup_ms == 0)
			backup_take(w);
		else if (!begins && s->backup_ms == f->from) {
			backup_return(w);
			s->backup_ms = 0;
		}
		return;
	case FAULT_SIGNER:
		s->mute += begins ? 1 : -1;
		break;
	case FAULT_ARCHIVE:
		s->unarchived += begins ? 1 : -1;
		break;
	case FAULT_SHUTDOWN: /* a configuration is read at a start */
		w->setup.ca.plan.shutdown = begins;
		if (s->up)
			server_crash(w, 1000);
		return;
	default:
		s->held += begins ? 1 : -1;
		if (begins && s->up)
			server_crash(w, f->until - f->from);
		else if (!begins && s->held == 0 && !s->up)
			server_up(w);
		return;
	}
	server_tick(w);
}

static void
client_fault(struct sim *w, struct client *c, const struct fault *f, bool begins)
{
	c->clear_since = w->now;
	switch ((enum fault_what)f->what) {
	case FAULT_CUT:
		c->cut += begins ? 1 : -1;
		return;
	case FAULT_CLIENT_FULL:
		c->full += begins ? 1 : -1;
		c->full_ended_ms = w->now;
		return;
	case FAULT_CLIENT_READ_ONLY:
		c->full += begins ? 1 : -1;
		c->full_ended_ms = w->now;
		c->off += begins ? 1 : -1;
		if (!begins && c->off == 0 && c->joined && !c->up)
			client_up(w, c);
		return;
	case FAULT_CLIENT_OFF:
		c->off += begins ? 1 : -1;
		if (begins && c->up)
			client_crash(w, c, f->until - f->from);
		else if (!begins && c->off == 0 && c->joined && !c->up)
			client_up(w, c);
		return;
	case FAULT_CLIENT_KEYS:
		if (!begins || !c->joined || w->setup.keys != NULL)
			return;
		fake_lose(c->keys);
		c->key_lost = true;
		c->gone = 0;
		return;
	case FAULT_CLIENT_ROT:
		if (begins && c->joined)
			client_rots(w, c);
		return;
	case FAULT_CLIENT_STEP:
		c->clock.ahead_ms += begins ? f->amount : -f->amount;
		break;
	case FAULT_CLIENT_DRIFT:
	case FAULT_CLIENT_STANDS:
		drift(w, &c->clock, f, begins);
		break;
	default:
		c->clock.vouched = !begins;
	}
	/* Who sets it right says so: where it stood the boot clock stood as well. */
	c->clock.confirmed = !begins && clock_ahead(w, &c->clock) == c->fleet->clock_error_ms;
	if (c->up)
		client_tick(w, c);
}

void
faults_turn(struct sim *w, const struct fault *f, bool begins)
{
	if (f->what != FAULT_CUT && f->what < FAULT_CLIENT_OFF) {
		server_fault(w, f, begins);
		return;
	}
	for (size_t i = f->first; i < w->clients && w->broken.n == 0; i += f->step)
		client_fault(w, &w->client[i], f, begins);
}

/* ---- people ---- */

/* Within a day, but one visit in four is forgotten for longer than a request may wait. */
void
people_called(struct sim *w)
{
	int64_t life = w->setup.ca.plan.lifetime_request * 1000, in;

	if (w->server.granting)
		return;
	in = dice_chance(&w->people, 250) ? dice_between(&w->people, life, 2 * life)
					  : dice_between(&w->people, HOUR_MS / 6, DAY_MS);
	w->server.granting = true;
	world_at(w, w->now + in, M_OPERATOR, 0, 0, OP_GRANT, NULL);
}

/* Comes back until nothing waits. */
static void
grant_all(struct sim *w)
{
	struct ca_event ev = {
	    .command = dice_chance(&w->people, 100) ? CA_REJECT : CA_GRANT, .all = true};
	struct store *s = w->server.store;
	struct err e = {0};
	int64_t pending = 1;

	w->server.decided_ms = w->now;
	server_command(w, &ev);
	if (w->server.up)
		(void)s->table->request_count(s, &pending, &e);
	w->server.granting = !w->server.up || pending > 0;
	if (w->server.granting)
		world_at(w, w->now + HOUR_MS, M_OPERATOR, 0, 0, OP_GRANT, NULL);
}

static void
revoke(struct sim *w, struct client *c)
{
	struct ca_event ev = {.command = CA_REVOKE};
	const struct seen_cert *seen;
	bool shadow = c->shelf.leaf[TP_SHADOW].n > 0 && dice_chance(&w->people, 500);
	struct cert id;

	if (!c->joined || c->revoked_ms != 0 ||
	    !cert_decode(blob_view(&c->shelf.leaf[shadow ? TP_SHADOW : TP_ID]), &id, NULL))
		return;
	ev.serial = id.serial;
	while (ev.serial.n > 1 && ev.serial.p[0] == 0) {
		ev.serial.p++;
		ev.serial.n--;
	}
	server_command(w, &ev);
	seen = ledger_cert(&w->ledger, ev.serial);
	if (seen == NULL || seen->revoked_at == 0)
		return;
	c->revoked_ms = w->now;
	c->revoked_shadow = shadow;
	c->let_in = false;
	world_at(w, w->now + dice_between(&w->people, DAY_MS, 30 * DAY_MS), M_OPERATOR,
	    (uint32_t)client_number(w, c), 0, OP_INSTALL, NULL);
}

void
people_see_next(struct sim *w, when_t until)
{
	int64_t left = until * 1000 - w->now;

	if (w->cancels && left > 0 && dice_chance(&w->changes, 300))
		world_at(w, w->now + dice_between(&w->changes, 0, left), M_OPERATOR, 0, 0,
		    OP_CANCEL, NULL);
}

/* Lives of certificates from a half to all of what they were at the start, of CAs from three
 * quarters to five: what "keymuster plan" accepts. A configuration is read at a start. */
static void
configure(struct sim *w, uint64_t draw)
{
	struct plan_ca_policy *p = &w->setup.ca.plan;

	w->was = *p;
	w->configured_ms = w->now;
	p->lifetime_cert = w->first.lifetime_cert / 4 * (when_t)(2 + draw % 3);
	p->lifetime_ca = w->first.lifetime_ca / 4 * (when_t)(3 + draw / 3 % 3);
	if (w->server.up)
		server_crash(w, 1000);
}

/* Told who has it he thinks again, or insists; what waits for it has his answer. */
static void
cancel(struct sim *w, bool force)
{
	struct ca_event ev = {.command = CA_CANCEL, .all = force};

	if (!w->server.up)
		return;
	w->cancel_asked = true;
	w->cancel_forced |= force;
	w->server.decided_ms = w->now;
	server_command(w, &ev);
	if (!force && dice_chance(&w->changes, 500))
		world_at(w, w->now + dice_between(&w->changes, 1000, w->day_ms / 24),
		    M_OPERATOR, 0, 0, OP_CANCEL_FORCE, NULL);
}

void
people_act(struct sim *w, const struct moment *m)
{
	struct client *c = m->who < w->clients ? &w->client[m->who] : NULL;
	struct tp_event enrol = {.kind = TP_EV_COMMAND, .command = TP_CMD_ENROLL};
	struct ca_event rollover = {.command = CA_ROLLOVER};

	switch ((enum operator_act)m->tag) {
	case OP_GRANT:
		grant_all(w);
		break;
	case OP_INSTALL:
		if (c->off > 0)
			world_at(w, w->now + DAY_MS, M_OPERATOR, m->who, 0, OP_INSTALL, NULL);
		else
			client_install(w, c);
		break;
	case OP_ENROL:
		if (c->up)
			client_step(w, c, &enrol);
		break;
	case OP_REVOKE:
		revoke(w, c);
		break;
	case OP_CONFIRM:
		if (w->server.clock.plan.state != CLOCK_HONEST) /* until now it stood still */
			w->server.healthy_since = w->now;
		w->server.clock.confirmed = clock_ahead(w, &w->server.clock) == 0;
		server_tick(w);
		break;
	case OP_CANCEL:
	case OP_CANCEL_FORCE:
		cancel(w, m->tag == OP_CANCEL_FORCE);
		break;
	case OP_CONFIGURE:
		configure(w, m->life);
		break;
	case OP_ROLLOVER:
		if (w->server.up) {
			w->rollover_asked = true;
			server_command(w, &rollover);
		}
		break;
	}
}

/* Nobody renews what ends with its CA and takes the next one's by itself. */
static bool
follows_its_ca(const struct client *c, const struct plan_tp_facts *f)
{
	return c->fleet->policy.plan.auto_enroll && f->id_until >= f->issuer_until;
}

/* Who looks after a client that does not look after itself: once a day. */
void
people_day(struct sim *w, struct client *c, when_t now)
{
	const struct plan_tp_facts *f;
	uint32_t number = (uint32_t)client_number(w, c);

	if (!c->up || c->off > 0 || c->clock.plan.state != CLOCK_HONEST)
		return;
	f = tp_facts(c->tp);
	if (client_misled(w, c) && !c->installing) {
		int64_t days = dice_chance(&w->changes, 250) ? 60 : 10;

		c->installing = true;
		world_at(w, w->now + dice_between(&w->changes, w->day_ms, days * w->day_ms),
		    M_OPERATOR, number, 0, OP_INSTALL, NULL);
	} else if (f->authenticated && now >= f->ca_until && !f->have_next_ca &&
		   !c->installing) {
		c->installing = true;
		world_at(w, w->now + dice_between(&w->people, w->day_ms, 10 * w->day_ms),
		    M_OPERATOR, number, 0, OP_INSTALL, NULL);
	} else if (!client_renews(c) && !f->pending && !f->busy && f->authenticated &&
		   now < f->ca_until &&
		   (!f->have_id || (now >= plan_percent(f->id_from, f->id_until, 90) &&
				       !follows_its_ca(c, f))) &&
		   dice_chance(&w->people, 300)) {
		world_at(w, w->now + dice_between(&w->people, 100, w->day_ms / 2), M_OPERATOR,
		    number, 0, OP_ENROL, NULL);
	}
}
