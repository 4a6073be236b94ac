/* tp_bench.c - a trustpoint before a real authority. */
#include "tp_bench.h"

#include "lib/pool.h"

#define CLIENT_KEYS 12
#define FIRST_KEY 300

/* ---- what must hold at any time ---- */

static bool
signed_by(const struct cert *c, const struct cert *ca)
{
	return key_verify(&ca->key, &c->alg, c->tbs, c->signature, NULL);
}

/* Never a new identity with only the old CA, nor the new CA with an identity that is not its
 * own, but for one that was left behind. */
static void
check_chains(struct bench *b)
{
	struct cert ca, c;

	if (bench_has(b, TP_SHADOW)) {
		assert_true(bench_has(b, TP_NEXT_CA) && bench_has(b, TP_ID));
		ca = bench_cert(b, TP_NEXT_CA);
		c = bench_cert(b, TP_SHADOW);
		assert_true(signed_by(&c, &ca));
	}
	if (!bench_has(b, TP_ID))
		return;
	assert_true(bench_has(b, TP_CA));
	ca = bench_cert(b, TP_CA);
	c = bench_cert(b, TP_ID);
	assert_true(signed_by(&c, &ca) || b->behind);
}

/* ---- a shelf that can fail, and that counts ---- */

struct bench_shelf {
	struct tp_shelf shelf;
	struct tp_shelf *inner;
	struct bench *bench;
};

static bool
counted_get(struct tp_shelf *s, enum tp_leaf leaf, struct blob *out, struct err *e)
{
	struct bench_shelf *b = (struct bench_shelf *)s;

	return b->inner->table->get(b->inner, leaf, out, e);
}

static bool
counted_put(struct tp_shelf *s, const struct tp_change *list, size_t n, struct err *e)
{
	struct bench_shelf *b = (struct bench_shelf *)s;

	if (++b->bench->tried >= b->bench->put_fails_at && b->bench->put_fails > 0) {
		b->bench->put_fails--;
		return err_set(e, WHY_IO, "disk full (made by the test)");
	}
	b->bench->puts++;
	for (size_t i = 0; i < n; i++)
		if (list[i].leaf == TP_FACTS && list[i].bytes.n > b->bench->largest_facts)
			b->bench->largest_facts = list[i].bytes.n;
	if (!b->inner->table->put(b->inner, list, n, e))
		return false;
	check_chains(b->bench);
	return true;
}

static void
counted_close(struct tp_shelf *s)
{
	struct bench_shelf *b = (struct bench_shelf *)s;

	b->inner->table->close(b->inner);
	free(b);
}

static const struct tp_shelf_table counted = {counted_get, counted_put, counted_close};

/* ---- opening ---- */

void
bench_open(struct bench *b)
{
	struct err e = {0};

	memset(b, 0, sizeof(*b));
	b->w.mode = WORLD_MEMORY;
	b->w.vouched = true;
	b->w.max_jobs = -1;
	b->w.now = T0;
	b->w.policy = (struct ca_policy){
	    .name = "ROOTCA",
	    .plan = {.lifetime_ca = 730 * DAY,
		.lifetime_cert = 365 * DAY,
		.lifetime_crl = 60 * DAY, /* a list takes as long as a certificate */
		.crl_overlap = 6 * HOUR,
		.lifetime_request = 168 * HOUR,
		.auto_rollover = true,
		.rollover = 90 * DAY},
	    .issuer_name = "CN=RootCA,OU=TAC,O=Cisco",
	    .mode = CA_AUTO,
	    .serial_floor = -1,
	    .hash = HASH_SHA256,
	    .key_label = "ROOTCA",
	    .key_kind = KEY_RSA,
	    .key_bits = 2048,
	};
	b->policy = (struct tp_policy){
	    .plan = {.url = true,
		.fingerprint = true,
		.auto_enroll = true,
		.percent = 80,
		.retry_count = 999,
		.retry_period = 60},
	    .key_kind = KEY_RSA,
	    .key_bits = 2048,
	    .hash = HASH_SHA256,
	    .cipher = CIPHER_AES128,
	};
	if (!name_parse("CN=spoke-1,OU=CVO,O=Cisco", &b->subject, &e))
		fail_msg("%s", e.text);
}

void
bench_short_lives(struct bench *b)
{
	b->w.policy.plan.lifetime_ca = 40 * DAY;
	b->w.policy.plan.lifetime_cert = 30 * DAY;
	b->w.policy.plan.rollover = 12 * DAY;
}

static void
fill_pool(struct bench *b)
{
	struct blob der[CLIENT_KEYS] = {{0}};
	struct view views[CLIENT_KEYS];

	for (size_t i = 0; i < CLIENT_KEYS; i++) {
		pool_pkcs8(FIRST_KEY + i, &der[i]);
		views[i] = blob_view(&der[i]);
	}
	keys_local_pool(b->keys, views, CLIENT_KEYS);
	for (size_t i = 0; i < CLIENT_KEYS; i++)
		blob_free(&der[i]);
}

/* SHA-256 of the first certificate that the server gives out. */
static void
learn_fingerprint(struct bench *b)
{
	struct blob scratch = {0}, text = {0};
	struct view certs = blob_view(&b->w.cacert), crls;
	struct reader r;
	struct der d;
	struct cert c;
	struct err e = {0};
	uint8_t digest[32];

	if (!cert_decode(certs, &c, NULL)) {
		if (!certs_only_decode(blob_view(&b->w.cacert), &scratch, &certs, &crls, &e))
			fail_msg("%s", e.text);
		for (r = reader_of(certs), c.is_ca = false; !c.is_ca;)
			if (!der_any(&r, &d, &e) || !cert_decode(d.whole, &c, &e))
				fail_msg("%s", e.text);
	}
	sha256(c.whole, digest);
	hex_add(&text, view_of(digest, 32), true);
	memcpy(b->fingerprint, blob_cstr(&text), sizeof(b->fingerprint));
	blob_free(&text);
	blob_free(&scratch);
}

static void
open_tp(struct bench *b)
{
	struct err e = {0};

	b->setup.policy = &b->policy;
	b->setup.shelf = b->shelf;
	b->setup.keys = b->keys;
	b->setup.subject = blob_view(&b->subject);
	if (b->setup.label == NULL)
		b->setup.label = "spoke-1";
	if (b->setup.fingerprint == NULL)
		b->setup.fingerprint = b->fingerprint;
	if (b->setup.password == NULL)
		b->setup.password = "";
	b->tp = tp_open(&b->setup, &e);
	if (b->tp == NULL)
		fail_msg("%s", e.text);
}

void
bench_begin(struct bench *b)
{
	struct bench_shelf *s = mem_get(sizeof(*s));
	struct err e = {0};

	*s = (struct bench_shelf){{&counted}, tp_shelf_memory(), b};
	b->shelf = &s->shelf;
	if (!world_open(&b->w, &e))
		fail_msg("%s", e.text);
	b->keys = keys_open_local(NULL, NULL, 7, &e);
	keys_local_replies(b->keys, b->policy.hash < HASH_SHA256 ? HASH_MD5 : HASH_SHA256);
	fill_pool(b);
	learn_fingerprint(b);
	open_tp(b);
}

void
bench_close(struct bench *b)
{
	tp_free(b->tp);
	if (b->shelf != NULL)
		b->shelf->table->close(b->shelf);
	keys_close(b->keys);
	world_free(&b->w);
	blob_free(&b->subject);
}

void
bench_reopen(struct bench *b)
{
	tp_free(b->tp);
	b->life++;
	open_tp(b);
}

/* True when the client has just died: whoever asks stops where he is. */
static bool
boundary(struct bench *b)
{
	if (++b->boundary != b->crash_at)
		return false;
	bench_reopen(b);
	return true;
}

/* ---- effects ---- */

static void step(struct bench *b, struct tp_event *ev);

/* A label is never used again. */
static void
watch_keys(struct bench *b, const struct key_job *job)
{
	b->made += job->act == KEY_MAKE;
	if (job->act == KEY_SIGN)
		b->signed_as[job->as]++;
	for (size_t i = 0; i < b->forgot; i++)
		if (job->act == KEY_MAKE && strcmp(b->gone[i], job->label) == 0)
			fail_msg("label %s is used again", job->label);
	if (job->act == KEY_FORGET && b->forgot < COUNT_OF(b->gone))
		memcpy(b->gone[b->forgot++], job->label, KEY_LABEL_MAX);
}

static void
do_job(struct bench *b, struct tp_effect *x)
{
	struct key_done done = {0};
	struct tp_event ev = {.kind = TP_EV_KEY, .done = &done};
	struct err e = {0};

	watch_keys(b, &x->job);
	x->job.bytes = blob_view(&x->bytes);
	if (!keys_submit(b->keys, &x->job, &e) || !keys_collect(b->keys, &done))
		fail_msg("%s", e.text);
	if (!boundary(b))
		step(b, &ev);
	blob_free(&done.bytes);
}

static void
serve(struct bench *b, const struct tp_effect *x, struct fetched *f)
{
	struct err e = {0};

	f->status = 200;
	switch (x->fetch) {
	case TP_GETCACAPS:
		blob_set(&f->body, b->caps != NULL ? view_str(b->caps) : blob_view(&b->w.caps));
		if (view_equal_str(blob_view(&f->body), "404"))
			f->status = 404;
		return;
	case TP_GETCACERT:
		blob_set(&f->body, blob_view(&b->w.cacert));
		return;
	case TP_GETNEXTCACERT:
		blob_set(&f->body, blob_view(&b->w.next));
		f->status = f->body.n > 0 ? 200 : 404;
		return;
	case TP_OPERATION:
		break;
	}
	if (!world_request(&b->w, blob_view(&x->bytes), "192.0.2.1", &e))
		fail_msg("%s", e.text);
	f->status = b->w.reply.status;
	f->retry_after = b->w.reply.retry_after;
	blob_set(&f->body, blob_view(&b->w.reply.body));
}

static void
do_fetch(struct bench *b, struct tp_effect *x)
{
	struct fetched f = {0};
	struct tp_event ev = {.kind = TP_EV_FETCHED, .id = x->id};

	if (boundary(b))
		return;
	b->asked[x->fetch]++;
	if (x->fetch == TP_OPERATION && x->post)
		b->posts++;
	else
		b->gets++;
	if (!b->off)
		serve(b, x, &f);
	if (b->tamper != NULL)
		b->tamper(b, x, &f);
	ev.status = f.status;
	ev.retry_after = f.retry_after;
	ev.body = blob_view(&f.body);
	if (!boundary(b))
		step(b, &ev);
	blob_free(&f.body);
}

static void
do_effects(struct bench *b, struct tp_effects *out)
{
	int life = b->life;

	for (size_t i = 0; i < out->n && b->life == life; i++) {
		struct tp_effect *x = &out->list[i];

		switch (x->kind) {
		case TP_EFFECT_JOB:
			do_job(b, x);
			break;
		case TP_EFFECT_FETCH:
			do_fetch(b, x);
			break;
		case TP_EFFECT_NOTE:
			b->noted[x->note]++;
			b->ended[x->ends]++;
			(void)snprintf(b->said, sizeof(b->said), "%s", blob_cstr(&x->bytes));
			if (x->note == TP_NOTED_TROUBLE) {
				b->matched +=
				    b->because != NULL && strstr(b->said, b->because) != NULL;
				memcpy(b->complained, b->said, sizeof(b->said));
			}
			if (getenv("TP_LOG") != NULL)
				printf(
				    "# %ld %d %s\n", (long)(b->w.now - T0), x->note, b->said);
			break;
		}
	}
}

static void
step(struct bench *b, struct tp_event *ev)
{
	struct tp_effects out = {0};
	struct err e = {0};
	int puts = b->puts;

	ev->clock_trusted = !b->untrusted;
	ev->clock_suspect = b->suspect;
	if (!tp_step(b->tp, ev, b->w.now + b->skew, &out, &e))
		assert_int_equal(out.n, 0);
	if (b->puts == puts || !boundary(b))
		do_effects(b, &out);
	tp_effects_free(&out);
}

void
bench_wait(struct bench *b, when_t until)
{
	struct tp_event tick = {.kind = TP_EV_TICK};
	struct err e = {0};
	when_t next;

	step(b, &tick);
	for (int n = 0;; n++) {
		next = tp_wake(b->tp);
		next = next == INT64_MIN || next == WHEN_NEVER ? next : next - b->skew;
		if (next > until)
			break;
		if (n > 20000)
			fail_msg("the client wakes without end: %s", b->said);
		if (!world_wait(&b->w, when_max(next, b->w.now), &e))
			fail_msg("%s", e.text);
		tick = (struct tp_event){.kind = TP_EV_TICK};
		step(b, &tick);
	}
	if (!world_wait(&b->w, until, &e))
		fail_msg("%s", e.text);
	tick = (struct tp_event){.kind = TP_EV_TICK};
	step(b, &tick);
}

void
bench_event(struct bench *b, const struct tp_event *ev)
{
	struct tp_event mine = *ev;

	step(b, &mine);
}

void
bench_command(struct bench *b, enum tp_command command)
{
	struct tp_event ev = {
	    .kind = TP_EV_COMMAND, .command = command, .fingerprint = b->fingerprint};

	step(b, &ev);
}

void
bench_authenticate(struct bench *b, const char *fingerprint)
{
	struct tp_event ev = {
	    .kind = TP_EV_COMMAND, .command = TP_CMD_AUTHENTICATE, .fingerprint = fingerprint};

	step(b, &ev);
}

void
bench_operator(struct bench *b, enum ca_command command)
{
	struct ca_event ev = {.command = command, .all = true};
	struct err e = {0};

	if (!world_command(&b->w, &ev, &e))
		fail_msg("%s", e.text);
}

/* ---- what it holds ---- */

bool
bench_has(struct bench *b, enum tp_leaf leaf)
{
	struct blob der = {0};
	bool there = b->shelf->table->get(b->shelf, leaf, &der, NULL);

	blob_free(&der);
	return there;
}

struct cert
bench_cert(struct bench *b, enum tp_leaf leaf)
{
	static struct blob kept[TP_LEAVES];
	struct reader r;
	struct der d;
	struct cert c = {0};
	struct err e = {0};

	if (!b->shelf->table->get(b->shelf, leaf, &kept[leaf], &e))
		fail_msg("leaf %d: %s", (int)leaf, e.text);
	r = reader_of(blob_view(&kept[leaf]));
	if (!der_any(&r, &d, &e) || !cert_decode(d.whole, &c, &e))
		fail_msg("leaf %d: %s", (int)leaf, e.text);
	return c;
}

void
bench_shelf(struct bench *b, struct blob *out)
{
	struct blob der = {0};

	blob_clear(out);
	for (int leaf = TP_CA; leaf < TP_LEAVES; leaf++) {
		blob_clear(&der);
		(void)b->shelf->table->get(b->shelf, (enum tp_leaf)leaf, &der, NULL);
		blob_add_sized(out, blob_view(&der));
	}
	blob_free(&der);
}
