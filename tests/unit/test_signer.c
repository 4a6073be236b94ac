/* test_signer.c - the signer process: hostile peers, kills, restarts, order of service. */
#include "keys_hostile.h"

#include <signal.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "keys/journal.h"
#include "keys/message.h"
#include "keys/ring.h"
#include "sys/sys.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                           \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static const struct seal seal = {{7, 7, 7}};
static const char archive_password[] = "long enough";

struct process {
	pid_t pid;
	int fd; /* ours */
	struct keys *keys;
};

static struct process
signer_start(const char *dir, const struct seal *s, unsigned workers, bool sandbox)
{
	struct process p = {0};
	struct err e = {0};
	int fds[2];

	assert_true(channel_pair(fds, &e));
	p.pid = fork();
	assert_true(p.pid >= 0);
	if (p.pid == 0) {
		close(fds[0]);
		const char *seen[] = {dir, NULL};

		signer_lock_memory();
		if (sandbox && !sandbox_enter(SANDBOX_SIGNER, seen, &e))
			_exit(99);
		_exit(signer_main(&(struct signer_options){.fd = fds[1],
		    .dir = dir,
		    .seal = s,
		    .workers = workers,
		    .archive_password = archive_password,
		    .weakest_reply = HASH_SHA256}));
	}
	close(fds[1]);
	p.fd = fds[0];
	p.keys = keys_open_remote(fds[0]);
	return p;
}

/* Close and return the exit code, or 1000 + signal. */
static int
signer_end(struct process *p)
{
	int status = 0;

	keys_close(p->keys);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void
signer_kill(struct process *p)
{
	assert_int_equal(kill(p->pid, SIGKILL), 0);
	assert_int_equal(signer_end(p), 1000 + SIGKILL);
}

static void
hostile_core_is_refused(void **state)
{
	struct process p = signer_start(dir_fresh(), &seal, 2, false);

	(void)state;
	hostile_run(p.keys);
	assert_int_equal(signer_end(&p), 0);
}

static uint32_t
chance(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* Frames of noise, honest frames with noise in them, and packets that are no frames: each gets
 * one refusal. */
static void
garbage_is_refused(void **state)
{
	struct process p = signer_start(dir_fresh(), &seal, 2, false);
	struct key_job j = job_of(KEY_SIGN, "CA");
	struct key_done d = {0};
	struct blob honest = {0}, frame = {0}, spki = {0};
	uint64_t seed = 20260101;
	struct err e = {0};

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	make_rsa(p.keys, "CA", &spki);
	j.alg = RSA_SHA256;
	j.bytes = VIEW("octets");
	job_encode(&j, &honest);
	for (int i = 0; i < 3000; i++) {
		size_t n = i % 100 == 0 ? 200000 : chance(&seed) % 400;

		blob_clear(&frame);
		if (i % 2 == 0)
			for (size_t at = 0; at < n; at++)
				blob_add_byte(&frame, (uint8_t)chance(&seed));
		else {
			blob_set(&frame, blob_view(&honest));
			for (int flips = 0; flips < 3; flips++)
				frame.p[chance(&seed) % frame.n] ^=
				    (uint8_t)(1 + chance(&seed) % 255);
		}
		if (i % 7 == 0) { /* past our own sender: no tag, or too long for any message */
			size_t raw = frame.n > 60000 ? 70000 : frame.n;

			if (raw == 0)
				continue;
			frame.p[0] = 'x';
			assert_int_equal(send(p.fd, frame.p, raw, 0), (ssize_t)raw);
		} else if (!channel_send(p.fd, blob_view(&frame), &e))
			fail_msg("%s", e.text);
		if (!answer_next(p.keys, &d))
			fail_msg("no answer to frame %d", i);
		assert_int_not_equal(d.why, WHY_NONE);
		assert_int_equal(d.bytes.n, 0);
	}
	j = job_of(KEY_SIGN, "CA");
	attrs_of(SCEP_CERTREP, &frame);
	j = job_sign("CA", SIGN_REPLY, 0, &frame);
	must(p.keys, &j, &honest);
	assert_true(signature_fits(&spki, blob_view(&frame), blob_view(&honest)));
	assert_int_equal(signer_end(&p), 0);
	blob_free(&honest);
	blob_free(&frame);
	blob_free(&spki);
}

#define LOAD 400

/* Four workers, all kinds of jobs in flight together: one right answer each, and the log has
 * every certificate. */
static void
load_in_parallel(void **state)
{
	const char *dir = dir_fresh();
	struct process p = signer_start(dir, &seal, 4, false);
	struct blob ca = {0}, client = {0}, tbs[LOAD] = {0}, wrapped = {0};
	struct spki s;
	struct key_job j;
	struct key_done d;
	size_t sent = 0, got = 0;
	uint64_t ids[LOAD], frames = 0;
	struct err e = {0};
	struct keys *k;

	(void)state;
	make_ca(p.keys, "CA", &ca);
	client_spki(25, &client);
	assert_true(spki_decode(blob_view(&ca), &s, &e));
	assert_true(
	    key_wrap(&s, PADDING_PKCS1, HASH_NONE, VIEW("sixteen octets!!"), &wrapped, &e));
	while (got < LOAD) {
		while (sent < LOAD && sent - got < 64) {
			if (sent % 4 == 0 || sent % 4 == 3) {
				tbs_cert(client_want(&client, (uint32_t)sent + 1), &tbs[sent]);
				j = job_sign("CA", SIGN_CERT, sent + 1, &tbs[sent]);
			} else if (sent % 4 == 1) {
				attrs_of(SCEP_CERTREP, &tbs[sent]);
				j = job_sign("CA", SIGN_REPLY, 0, &tbs[sent]);
			} else {
				j = job_of(KEY_UNWRAP, "CA");
				j.want = 16;
				j.stranger = sent % 8 == 2;
				j.bytes = blob_view(&wrapped);
			}
			ids[sent] = j.id;
			if (!keys_submit(p.keys, &j, &e))
				break;
			sent++;
		}
		assert_true(answer_next(p.keys, &d));
		if (d.why != WHY_NONE)
			fail_msg("%s", d.text);
		size_t i = 0;
		while (i < sent && ids[i] != d.id)
			i++;
		assert_true(i < sent);
		ids[i] = 0;
		if (i % 4 == 2)
			assert_true(view_equal_str(blob_view(&d.bytes), "sixteen octets!!"));
		else
			assert_true(
			    signature_fits(&ca, blob_view(&tbs[i]), blob_view(&d.bytes)));
		blob_free(&d.bytes);
		got++;
	}
	assert_int_equal(signer_end(&p), 0);
	assert_true(journal_verify(dir, &frames, &e));
	print_message(
	    "# %d certificates in %llu batches\n", LOAD / 2, (unsigned long long)frames);
	k = keys_open_local(dir, &seal, 0, &e);
	assert_non_null(k);
	for (size_t i = 0; i < LOAD; i++) {
		struct blob other = {0};

		if (i % 4 == 0 || i % 4 == 3) {
			tbs_cert(client_want(&client, 100000), &other);
			j = job_sign("CA", SIGN_CERT, i + 1, &other);
			must_not(k, &j, "signed by the process before", "other octets");
		}
		blob_free(&other);
		blob_free(&tbs[i]);
	}
	keys_close(k);
	blob_free(&ca);
	blob_free(&client);
	blob_free(&wrapped);
}

/* Wait until somebody writes into a file of dir. */
static void
written(int watch)
{
	struct pollfd p = {.fd = watch, .events = POLLIN};
	char buf[4096];

	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_true(read(watch, buf, sizeof(buf)) > 0);
}

/*
 * Killed after the log was written and before anybody read the answer: afterwards the same
 * octets may be signed under that intent and no others.
 */
static void
killed_between_log_and_answer(void **state)
{
	const char *dir = dir_fresh();
	struct blob ca = {0}, client = {0}, tbs = {0}, other = {0}, signature = {0};
	struct process p = signer_start(dir, &seal, 2, false);
	struct key_job j;
	struct err e = {0};

	(void)state;
	client_spki(26, &client);
	make_ca(p.keys, "CA", &ca);
	for (uint32_t round = 1; round <= 8; round++) {
		int watch = inotify_init1(IN_CLOEXEC);

		assert_true(inotify_add_watch(watch, dir, IN_MODIFY) >= 0);
		tbs_cert(client_want(&client, round), &tbs);
		tbs_cert(client_want(&client, round + 1000), &other);
		j = job_sign("CA", SIGN_CERT, round, &tbs);
		if (!keys_submit(p.keys, &j, &e))
			fail_msg("%s", e.text);
		written(watch);
		close(watch);
		signer_kill(&p);
		p = signer_start(dir, &seal, 2, false);
		j = job_sign("CA", SIGN_CERT, round, &other);
		must_not(p.keys, &j, "other octets after the kill", "other octets");
		j = job_sign("CA", SIGN_CERT, round, &tbs);
		must(p.keys, &j, &signature);
		assert_true(signature_fits(&ca, blob_view(&tbs), blob_view(&signature)));
	}
	assert_int_equal(signer_end(&p), 0);
	blob_free(&ca);
	blob_free(&client);
	blob_free(&tbs);
	blob_free(&other);
	blob_free(&signature);
}

/*
 * The disk is full: no signature leaves while the log cannot say so, replies do, and once there
 * is room the same intent gets its certificate. A signer that answers first and writes
 * afterwards fails here.
 */
static void
no_log_no_signature(void **state)
{
	const char *dir = dir_fresh();
	struct process p = signer_start(dir, &seal, 2, false);
	struct blob ca = {0}, client = {0}, tbs = {0}, other = {0}, attrs = {0};
	struct rlimit none = {10, RLIM_INFINITY}, before;
	struct key_job j, reply;

	(void)state;
	make_ca(p.keys, "CA", &ca);
	client_spki(27, &client);
	tbs_cert(client_want(&client, 1), &tbs);
	tbs_cert(client_want(&client, 2), &other);
	attrs_of(SCEP_CERTREP, &attrs);
	reply = job_sign("CA", SIGN_REPLY, 0, &attrs);
	j = job_sign("CA", SIGN_CERT, 1, &tbs);
	assert_int_equal(prlimit(p.pid, RLIMIT_FSIZE, &none, &before), 0);
	must_not(p.keys, &j, "nothing can be written", "cannot be written");
	must_not(p.keys, &j, "still nothing can be written", "cannot be written");
	must(p.keys, &reply, NULL);
	assert_int_equal(prlimit(p.pid, RLIMIT_FSIZE, &before, NULL), 0);
	must(p.keys, &j, NULL);
	signer_kill(&p);
	p = signer_start(dir, &seal, 2, false);
	j = job_sign("CA", SIGN_CERT, 1, &other);
	must_not(p.keys, &j, "signed with other octets once there was room", "other octets");
	assert_int_equal(signer_end(&p), 0);
	blob_free(&ca);
	blob_free(&client);
	blob_free(&tbs);
	blob_free(&other);
	blob_free(&attrs);
}

static bool
strangers_waited(void)
{
	struct process p = signer_start(dir_fresh(), &seal, 1, false);
	struct blob ca = {0}, wrapped = {0};
	struct spki s;
	struct key_job j;
	struct key_done d;
	uint64_t first_known;
	bool waited = true;
	struct err e = {0};

	make_rsa(p.keys, "CA", &ca);
	assert_true(spki_decode(blob_view(&ca), &s, &e));
	assert_true(
	    key_wrap(&s, PADDING_PKCS1, HASH_NONE, VIEW("sixteen octets!!"), &wrapped, &e));
	j = job_of(KEY_MAKE, "LONG");
	j.kind = KEY_RSA;
	j.bits = 3072;
	assert_true(keys_submit(p.keys, &j, &e));
	for (int i = 0; i < 20; i++) {
		j = job_of(KEY_UNWRAP, "CA");
		j.want = 16;
		j.stranger = i < 10;
		j.bytes = blob_view(&wrapped);
		assert_true(keys_submit(p.keys, &j, &e));
	}
	first_known = j.id - 9;
	for (int i = 0; i < 21; i++) {
		assert_true(answer_next(p.keys, &d));
		assert_int_equal(d.why, WHY_NONE);
		waited = waited && (i == 0 || (d.id >= first_known) == (i <= 10));
		blob_free(&d.bytes);
	}
	assert_int_equal(signer_end(&p), 0);
	blob_free(&ca);
	blob_free(&wrapped);
	return waited;
}

/* While one worker makes a long key: what strangers asked first waits behind what others asked
 * later. Tried again where the machine stood still until the key was made. */
static void
strangers_wait(void **state)
{
	(void)state;
	for (int tries = 1; !strangers_waited(); tries++)
		assert_true(tries < 5);
}

static void
bad_starts_say_so(void **state)
{
	static const struct seal wrong = {{8}};
	const char *dir = dir_fresh();
	struct process p = signer_start(dir, &seal, 1, false), second;
	struct blob file = {0}, ca = {0};
	char path[128];

	(void)state;
	make_ca(p.keys, "CA", &ca);
	second = signer_start(dir, &seal, 1, false);
	assert_int_equal(
	    signer_end(&second), 1); /* locked: the first one may be ending, try again */
	assert_int_equal(signer_end(&p), 0);
	p = signer_start(dir, &wrong, 1, false);
	assert_int_equal(signer_end(&p), EXIT_CONFIG);
	snprintf(path, sizeof(path), "%s/signer-00000001.log", dir);
	assert_true(file_read(path, 1 << 20, &file, NULL));
	file.p[file.n / 2] ^= 1;
	assert_true(file_replace(path, 0600, blob_view(&file), NULL));
	p = signer_start(dir, &seal, 1, false);
	assert_int_equal(signer_end(&p), EXIT_CONFIG);
	file.p[file.n / 2] ^= 1;
	assert_true(file_replace(
	    path, 0600, view_of(file.p, file.n - 5), NULL)); /* a cut tail is no damage */
	p = signer_start(dir, &seal, 1, false);
	make_rsa(p.keys, "CA", &ca);
	assert_int_equal(signer_end(&p), 0);
	blob_free(&file);
	blob_free(&ca);
}

/* Everything the signer does, inside the filter that the product puts around it. */
static void
works_in_its_sandbox(void **state)
{
	const char *dir = dir_fresh();
	struct process p;
	struct blob ca = {0}, tbs = {0};
	struct key_job j;

	(void)state;
	if (SANITIZED)
		setenv("KEYMUSTER_SANDBOX", "off", 1);
	for (int round = 0; round < 2;
	     round++) { /* the second one reads what the first one wrote */
		p = signer_start(dir, &seal, 2, true);
		make_ca(p.keys, "CA", &ca);
		tbs_crl(CA_NAME, 5, T0, T0 + DAY, &tbs);
		j = job_sign("CA", SIGN_CRL, 5, &tbs);
		must(p.keys, &j, NULL);
		make_rsa(p.keys, "RA", &tbs);
		j = job_of(KEY_FORGET, "RA");
		must(p.keys, &j, NULL);
		j = job_of(KEY_FORGET, "RA");
		must_not(p.keys, &j, "forgotten", "no key");
		assert_int_equal(signer_end(&p), 0);
	}
	unsetenv("KEYMUSTER_SANDBOX");
	blob_free(&ca);
	blob_free(&tbs);
}

/* More keys than are open at a time: each opens when it is asked for, inside the filter too, is
 * the same after a kill, and gone when it was destroyed. */
static void
opens_keys_on_use(void **state)
{
	const char *dir = dir_fresh();
	struct process p = signer_start(dir, &seal, 2, false);
	struct blob plain = {0}, sealed = {0}, path = {0}, spki = {0}, first = {0};
	char label[KEY_LABEL_MAX];
	unsigned char *der = NULL;
	struct key_job j;
	FILE *file;

	(void)state;
	make_rsa(p.keys, "TP", &spki); /* and a log */
	assert_int_equal(signer_end(&p), 0);
	for (size_t i = 0; i < PAIRS_OPEN + 20; i++) {
		(void)snprintf(label, sizeof(label), "TP%zu", i);
		blob_clear(&plain);
		blob_clear(&sealed);
		blob_clear(&path);
		pool_pkcs8(i, &plain);
		assert_true(seal_close(&seal, label, blob_view(&plain), &sealed, NULL));
		blob_printf(&path, "%s/%s.key", dir, label);
		file = fopen(blob_cstr(&path), "wb");
		assert_non_null(file);
		assert_int_equal(fwrite(sealed.p, 1, sealed.n, file), sealed.n);
		assert_int_equal(fclose(file), 0);
	}
	if (SANITIZED)
		setenv("KEYMUSTER_SANDBOX", "off", 1);
	for (int round = 0; round < 2; round++) {
		p = signer_start(dir, &seal, 2, true);
		for (size_t i = 0; i < PAIRS_OPEN + 20; i++) {
			(void)snprintf(label, sizeof(label), "TP%zu", i);
			make_rsa(p.keys, label, &spki);
			if (i == 0 && round == 0)
				blob_set(&first, blob_view(&spki));
			else if (i == 0)
				assert_false(view_equal(blob_view(&first), blob_view(&spki)));
		}
		make_rsa(p.keys, "TP1", &spki);
		assert_int_equal(i2d_PUBKEY(pool_key(1), &der), spki.n);
		assert_memory_equal(der, spki.p, spki.n);
		OPENSSL_free(der);
		der = NULL;
		j = job_of(KEY_FORGET, "TP0");
		if (round == 0)
			must(p.keys, &j, NULL);
		signer_kill(&p);
	}
	unsetenv("KEYMUSTER_SANDBOX");
	blob_free(&plain);
	blob_free(&sealed);
	blob_free(&path);
	blob_free(&spki);
	blob_free(&first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hostile_core_is_refused),
	    cmocka_unit_test(garbage_is_refused),
	    cmocka_unit_test(load_in_parallel),
	    cmocka_unit_test(killed_between_log_and_answer),
	    cmocka_unit_test(no_log_no_signature),
	    cmocka_unit_test(strangers_wait),
	    cmocka_unit_test(bad_starts_say_so),
	    cmocka_unit_test(works_in_its_sandbox),
	    cmocka_unit_test(opens_keys_on_use),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
