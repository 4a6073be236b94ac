/* test_tp_operator.c - what an operator asks of a trustpoint, at bad moments. */
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/pool.h"
#include "tp/tp_int.h"
#include "tp_forge.h"

#define AT(days) (T0 + (days)*DAY)

/* ---- another CA ---- */

static void
distrust(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	static const struct tp_event tick = {.kind = TP_EV_TICK};

	(void)f;
	assert_int_equal(asked->fetch, TP_GETCACERT);
	b->tamper = NULL;
	b->untrusted = true;
	bench_event(b, &tick);
	b->untrusted = false;
}

/* The clock is lost while an operator's question is on its way: it is asked again. */
static void
clock_goes_and_comes(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(1));
	b.tamper = distrust;
	bench_authenticate(&b, b.fingerprint);
	assert_int_equal(b.ended[TP_CMD_AUTHENTICATE], 1);
	assert_int_equal(b.noted[TP_NOTED_CA], 2);
	bench_close(&b);
}

/* ---- what is not to be read from the server holds nobody up ---- */

static enum tp_fetch ill;

static void
come_later(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	if (asked->fetch == ill) {
		f->status = 503;
		f->retry_after = 12 * HOUR;
	} else if (asked->fetch == TP_OPERATION && b->w.now < AT(36) + 2 * HOUR) {
		f->status = 503;
	}
}

/* As NDES, it lists no AES, so that it is asked again what it can do after each trouble. */
static void
lanes_go_their_way(void **state)
{
	static const struct {
		const char *sentence;
		enum tp_fetch ill;
		when_t enrols, holds;
	} rows[] = {
	    {"the next CA is not out", TP_GETNEXTCACERT, AT(36) + HOUR, AT(36) + 5 * HOUR},
	    {"its first word is late", TP_GETCACAPS, AT(36) + 3 * HOUR, AT(36) + 3 * HOUR},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench b;

		ill = rows[i].ill;
		bench_open(&b);
		bench_short_lives(&b);
		b.policy.plan.auto_enroll = false;
		b.caps = "GetNextCACert\nPOSTPKIOperation\nRenewal\nSHA-256\nDES3";
		b.tamper = come_later;
		bench_begin(&b);
		bench_wait(&b, rows[i].enrols);
		if (ill == TP_GETCACAPS)
			b.tamper = NULL;
		bench_command(&b, TP_CMD_ENROLL);
		bench_wait(&b, rows[i].holds);
		if (!tp_facts(b.tp)->have_id)
			fail_msg("%s: %s", rows[i].sentence, b.said);
		bench_close(&b);
	}
}

/* ---- what an operator brings ---- */

static EVP_PKEY *
pool_pair(const struct spki *key)
{
	for (size_t i = 300; i < 312; i++) {
		unsigned char *der = NULL;
		int n = i2d_PUBKEY(pool_key(i), &der);
		bool same = n > 0 && view_equal(view_of(der, (size_t)n), key->whole);

		OPENSSL_free(der);
		if (same)
			return pool_key(i);
	}
	fail_msg("no such pair");
	return NULL;
}

/* The identity with its key, as a backup has it. */
static void
backup_write(struct bench *b, const char *path)
{
	FILE *f = fopen(path, "w");
	struct cert c = bench_cert(b, TP_ID);
	const unsigned char *at = c.whole.p;
	X509 *x = d2i_X509(NULL, &at, (long)c.whole.n);

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, x), 1);
	assert_int_equal(
	    PEM_write_PKCS8PrivateKey(f, pool_pair(&c.key), NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	X509_free(x);
}

/* What is held is no news; once its key is lost, the same certificate brings it back. */
static void
brought_back(void **state)
{
	struct key_job file = {.forms = KEY_FORM_PEM, .path = "R1/import/x"};
	const struct tp_event import = {
	    .kind = TP_EV_COMMAND, .command = TP_CMD_IMPORT, .import = &file};
	char dir[] = "/tmp/keymuster-test-XXXXXX", path[64], label[KEY_LABEL_MAX];
	struct tp_event lost = {.kind = TP_EV_LOST, .label = label};
	struct bench b;
	struct cert c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/R1", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/R1/import", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/R1/import/x", dir);
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(1));
	keys_local_export(b.keys, dir, -1);
	bench_event(&b, &import);
	assert_int_equal(b.noted[TP_NOTED_NOT_TAKEN], 1);
	backup_write(&b, path);
	bench_event(&b, &import);
	assert_int_equal(b.noted[TP_NOTED_NOT_TAKEN], 2);
	assert_non_null(strstr(b.said, "no newer"));
	assert_string_equal(tp_label(b.tp), "spoke-1");
	b.off = true;
	tp_key_of(b.tp, TP_ID, label);
	bench_event(&b, &lost);
	assert_true(tp_key_lost(b.tp));
	bench_event(&b, &import);
	assert_false(tp_key_lost(b.tp));
	assert_int_equal(b.noted[TP_NOTED_ID], 2);
	assert_int_equal(b.ended[TP_CMD_IMPORT], 3);
	tp_key_of(b.tp, TP_ID, label);
	assert_string_equal(label, "spoke-1#2");
	c = bench_cert(&b, TP_ID);
	assert_non_null(pool_pair(&c.key));
	b.off = false;
	bench_wait(&b, AT(41)); /* renewed, and over the switch, like any other */
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	bench_close(&b);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/R1/import", dir);
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/R1", dir);
	assert_int_equal(rmdir(path) | rmdir(dir), 0);
}

/* The disk is full for what is due, not for the file: who brought it hears what came of it. Who
 * was told that it came to nothing is not surprised later. */
static void
brought_while_the_disk_is_full(void **state)
{
	struct key_job file = {.forms = KEY_FORM_PEM, .path = "R1/import/x"};
	const struct tp_event import = {
	    .kind = TP_EV_COMMAND, .command = TP_CMD_IMPORT, .import = &file};
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(39));
	assert_true(world_wait(&b.w, AT(40), NULL)); /* the switch is due */
	b.put_fails = 1;
	bench_event(&b, &import);
	assert_int_equal(b.put_fails, 0);
	assert_int_equal(b.ended[TP_CMD_IMPORT], 1);
	b.put_fails = 1;
	bench_authenticate(&b, b.fingerprint); /* once the disk is looked at again */
	bench_wait(&b, AT(41));
	assert_int_equal(b.put_fails, 0);
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	assert_int_equal(b.ended[TP_CMD_AUTHENTICATE], 0);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clock_goes_and_comes),
	    cmocka_unit_test(lanes_go_their_way),
	    cmocka_unit_test(brought_back),
	    cmocka_unit_test(brought_while_the_disk_is_full),
	};

	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
