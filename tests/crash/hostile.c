/* hostile.c - hostile front and hostile core against real processes. */
#include "unit/keys_hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/peer.h"
#include "net/net.h"
#include "sys/sys.h"

#define FRAMES 10100	  /* the last set has served when it is to end in order */
#define RESTART_EVERY 250 /* frames that end core are rarer than those that it must survive */
#define IN_FLIGHT 32
#define ANSWER_MS 20000
#define BODY_MAX 200000

static const char conf[] = "clock calendar-valid\n"
			   "crypto pki server ROOTCA\n"
			   " issuer-name CN=ROOTCA,O=Crash\n"
			   " grant auto\n";

static char dir[] = "/tmp/keymuster-hostile-XXXXXX";
static struct set {
	pid_t core, signer;
	int front; /* our end: we are front */
	struct blob ca;
} set;

/* ---- processes of the product ---- */

static const char *
below(const char *leaf, char out[200])
{
	snprintf(out, 200, "%s/%s", dir, leaf);
	return out;
}

/* The daemon in a role, these descriptors as 3, 4, ... */
static pid_t
role_start(const char *role, const int *fds, int count, char *env)
{
	const char *binary = getenv("KEYMUSTERD");
	char word[40];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	int high[16];
	for (int i = 0; i < count; i++)
		high[i] = fcntl(fds[i], F_DUPFD, 40);
	for (int i = 0; i < count; i++)
		(void)dup2(high[i], 3 + i);
	(void)close_range((unsigned)(3 + count), ~0U, 0);
	(void)putenv(env);
	(void)putenv((char[]){"KEYMUSTER_CONF=hostile.conf"});
	snprintf(word, sizeof(word), "--role=%s", role);
	execl(binary, binary, word, (char *)NULL);
	_exit(127);
}

static int
memory_file(const void *bytes, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

static pid_t
signer_start(int channel)
{
	static const uint8_t seal[32] = {9};
	static char env[300];
	char path[200];
	int fds[] = {channel, memory_file(seal, sizeof(seal)), memory_file("long enough", 11)};

	snprintf(env, sizeof(env), "KEYMUSTER_KEYS=%s", below("servers/ROOTCA/keys", path));
	pid_t pid = role_start("signer", fds, COUNT_OF(fds), env);
	close(fds[1]);
	close(fds[2]);
	return pid;
}

/* The next message of core, or false when it is gone. */
static bool
core_says(struct blob *message, struct front_say *say)
{
	struct err e = {0};

	for (;;) {
		switch (channel_receive(set.front, CHANNEL_MAX, message)) {
		case CHANNEL_MESSAGE:
			if (!front_say_decode(blob_view(message), say, &e))
				fail_msg("core sent nonsense: %s", e.text);
			return true;
		case CHANNEL_EMPTY:
			break;
		case CHANNEL_CLOSED:
		case CHANNEL_BROKEN:
			return false;
		}
		struct pollfd p = {.fd = set.front, .events = POLLIN};
		if (poll(&p, 1, ANSWER_MS) != 1)
			fail_msg("core says nothing for %d ms", ANSWER_MS);
	}
}

/* Core and signer, until the first revocation list is published. */
static void
set_start(void)
{
	static const uint8_t seal[32] = {8};
	static char env[300];
	int front[2], signer[2], fds[6];
	char path[200];
	struct blob message = {0};
	struct front_say say = {0};
	struct err e = {0};

	assert_true(channel_pair(front, &e) && channel_pair(signer, &e));
	assert_true(listen_unix(below("control", path), 0600, &fds[0], &e));
	assert_true(listen_unix(below("control.ro", path), 0600, &fds[1], &e));
	fds[2] = memory_file(conf, sizeof(conf) - 1);
	fds[3] = memory_file(seal, sizeof(seal));
	fds[4] = front[1];
	fds[5] = signer[0];
	snprintf(env, sizeof(env), "KEYMUSTER_STATE=%s", dir);
	set.core = role_start("core", fds, COUNT_OF(fds), env);
	set.signer = signer_start(signer[1]);
	set.front = front[0];
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	close(signer[1]);
	while (say.op != OP_CRL) {
		if (!core_says(&message, &say))
			fail_msg("core does not start");
		if (say.op == OP_GETCACERT)
			blob_set(&set.ca, say.body);
	}
	blob_free(&message);
}

static int
code_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Both have ended, or end now; exit code of core. The signer leaves with it, in order. */
static int
set_end(void)
{
	close(set.front);
	int code = code_of(set.core);
	assert_int_equal(code_of(set.signer), 0);
	return code;
}

/* ---- the store, content only ---- */

static void
rows_add(sqlite3 *db, const char *table, struct blob *out)
{
	sqlite3_stmt *q;
	char sql[200];

	snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1", table);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(q); i++) {
			int n = sqlite3_column_bytes(q, i);

			blob_add_byte(out, (uint8_t)sqlite3_column_type(q, i));
			blob_add_sized(out, view_of(sqlite3_column_blob(q, i), (size_t)n));
		}
	}
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
}

/* Of a store that nobody has open; *issued counts certificates. */
static void
store_content(struct blob *out, int *issued)
{
	/* clock_mark moves each minute. */
	static const char *const tables[] = {"authority WHERE name <> 'clock_mark'",
	    "generation", "certificate", "revoked_chunk", "request", "challenge", "client",
	    "crl", "audit"};
	char path[200];
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open(below("servers/ROOTCA/store.db", path), &db), SQLITE_OK);
	blob_clear(out);
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		rows_add(db, tables[i], out);
	assert_int_equal(
	    sqlite3_prepare_v2(db, "SELECT count(*) FROM certificate", -1, &q, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	*issued = sqlite3_column_int(q, 0);
	(void)sqlite3_finalize(q);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static struct blob untouched;

static void
store_is_untouched(void)
{
	struct blob now = {0};
	int issued;

	store_content(&now, &issued);
	assert_int_equal(issued, 0);
	assert_true(view_equal(blob_view(&now), blob_view(&untouched)));
	blob_free(&now);
}

/* ---- frames ---- */

/* One packet past our own sender. */
static void
packet(const void *bytes, size_t n, const int *fds, size_t count)
{
	struct iovec part = {(void *)(uintptr_t)bytes, n};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

	if (count > 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	assert_int_equal(sendmsg(set.front, &m, MSG_NOSIGNAL), (ssize_t)n);
}

static void
frame_send(const struct blob *frame)
{
	struct err e = {0};

	if (!channel_send(set.front, blob_view(frame), &e) && e.why != WHY_IO)
		fail_msg("%s", e.text);
}

static void
ask_of(struct view body, struct blob *out)
{
	struct front_ask ask = {.id = 77, .op = OP_PKIOPERATION, .body = body};

	snprintf(ask.ca, sizeof(ask.ca), "ROOTCA");
	snprintf(ask.source, sizeof(ask.source), "192.0.2.1");
	blob_clear(out);
	front_ask_encode(&ask, out);
}

static void
f_empty(struct blob *b)
{
	(void)b;
	packet("i", 1, NULL, 0);
}

static void
f_no_tag(struct blob *b)
{
	(void)b;
	packet("GET / HTTP/1.1\r\n\r\n", 18, NULL, 0);
}

static void
f_oversized(struct blob *b)
{
	memset(blob_grow(b, CHANNEL_INLINE_MAX + 100), 'i', CHANNEL_INLINE_MAX + 100);
	packet(b->p, b->n, NULL, 0);
}

static void
f_unknown_kind(struct blob *b)
{
	ask_of(VIEW("x"), b);
	b->p[0] = 9;
	frame_send(b);
}

static void
f_answer(struct blob *b)
{
	struct front_say say = {.id = 1, .status = 200, .op = OP_GETCACERT};

	front_say_encode(&say, b);
	frame_send(b);
}

static void
f_unknown_op(struct blob *b)
{
	ask_of(VIEW("x"), b);
	b->p[9] = OP_CRL + 1; /* kind, id in 8 octets, op */
	frame_send(b);
}

static void
f_cut(struct blob *b)
{
	ask_of(VIEW("message"), b);
	b->n--;
	frame_send(b);
}

static void
f_tail(struct blob *b)
{
	ask_of(VIEW("message"), b);
	blob_add_byte(b, 0);
	frame_send(b);
}

static void
f_long_body(struct blob *b)
{
	struct blob body = {0};

	memset(blob_grow(&body, HTTP_BODY_MAX + 1), 1, HTTP_BODY_MAX + 1);
	ask_of(blob_view(&body), b);
	frame_send(b);
	blob_free(&body);
}

static void
memory_message(const struct blob *b, unsigned seals, off_t size, int copies)
{
	int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING), fds[2] = {fd, fd};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->p, b->n), (ssize_t)b->n);
	if (size != 0)
		assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	packet("m", 1, fds, (size_t)copies);
	close(fd);
}

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void
f_unsealed(struct blob *b)
{
	ask_of(VIEW("message"), b);
	memory_message(b, 0, 0, 1);
}

static void
f_half_sealed(struct blob *b)
{
	ask_of(VIEW("message"), b);
	memory_message(b, F_SEAL_SHRINK | F_SEAL_GROW, 0, 1);
}

static void
f_huge(struct blob *b)
{
	ask_of(VIEW("message"), b);
	memory_message(b, ALL_SEALS, (off_t)CHANNEL_MAX + 1, 1);
}

static void
f_two(struct blob *b)
{
	ask_of(VIEW("message"), b);
	memory_message(b, ALL_SEALS, 0, 2);
}

static void
f_no_descriptor(struct blob *b)
{
	(void)b;
	packet("m", 1, NULL, 0);
}

static void
f_socket(struct blob *b)
{
	int pair[2];

	(void)b;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	packet("m", 1, pair, 1);
	close(pair[0]);
	close(pair[1]);
}

static const struct {
	const char *sentence;
	void (*send)(struct blob *b);
} frames[] = {
    {"an empty message", f_empty},
    {"HTTP, which is no message", f_no_tag},
    {"a packet longer than any", f_oversized},
    {"a message of unknown kind", f_unknown_kind},
    {"an answer, which only core gives", f_answer},
    {"an unknown operation", f_unknown_op},
    {"a question cut short", f_cut},
    {"an octet behind the question", f_tail},
    {"a longer body than HTTP lets through", f_long_body},
    {"a memory file that front can still change", f_unsealed},
    {"a memory file that front can still write", f_half_sealed},
    {"a memory file of more than 64 MiB", f_huge},
    {"two memory files", f_two},
    {"the promise of a memory file", f_no_descriptor},
    {"a socket in place of a memory file", f_socket},
};

/* Each ends core in order, with code 1, so that the supervisor makes the set anew. */
static void
broken_frames_end_core(void **state)
{
	struct blob frame = {0}, message = {0};
	struct front_say say;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		set_start();
		blob_clear(&frame);
		frames[i].send(&frame);
		while (core_says(&message, &say))
			if (say.id != 0)
				fail_msg("%s was answered", frames[i].sentence);
		int code = set_end();
		if (code != 1)
			fail_msg("%s: core ended with %d", frames[i].sentence, code);
		store_is_untouched();
	}
	blob_free(&frame);
	blob_free(&message);
}

/* ---- noise ---- */

static uint64_t seed;

static uint32_t
chance(uint32_t below_this)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below_this;
}

static void
noise(size_t n, struct blob *out)
{
	uint8_t *p = blob_grow(out, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)chance(256);
}

/* Noise, or an enrolment with flipped octets whose signature is wrong for certain. */
static void
noise_ask(uint64_t id, const struct blob *honest, struct blob *out)
{
	static const char *const names[] = {"ROOTCA", "", "NOBODY", "../ROOTCA"};
	struct front_ask ask = {.id = id, .op = OP_PKIOPERATION};
	struct blob body = {0};

	if (chance(2) == 0) {
		noise(chance(500) == 0 ? BODY_MAX : chance(2000), &body);
	} else {
		blob_set(&body, blob_view(honest));
		for (uint32_t flips = chance(4); flips > 0; flips--)
			body.p[chance((uint32_t)body.n)] ^= (uint8_t)(1 + chance(255));
		body.p[body.n - 1] = honest->p[honest->n - 1] ^ 0x55;
	}
	if (chance(20) == 0)
		ask.op = (enum scep_op)(OP_GETCACAPS + chance(OP_CRL));
	snprintf(ask.ca, sizeof(ask.ca), "%s", names[chance(20) == 0 ? chance(4) : 0]);
	snprintf(ask.source, sizeof(ask.source), "192.0.2.%u", chance(256));
	ask.body = blob_view(&body);
	blob_clear(out);
	front_ask_encode(&ask, out);
	blob_free(&body);
}

/* Each question has one answer. */
static void
take_answers(size_t *waiting)
{
	struct blob message = {0};
	struct front_say say;

	while (*waiting > 0) {
		if (!core_says(&message, &say))
			fail_msg("core ended over a well-formed question");
		*waiting -= say.id != 0 ? 1 : 0;
	}
	blob_free(&message);
}

static void
honest_message(size_t key, struct peer *p, struct blob *out)
{
	struct err e = {0};

	if (!peer_init(p, "O=Crash,CN=honest", pool_key(key), &e) ||
	    !peer_trust(p, blob_view(&set.ca), &e) || !peer_enrol(p, NULL, out, &e))
		fail_msg("%s", e.text);
}

static void
noise_is_survived(void **state)
{
	struct blob frame = {0}, honest = {0}, message = {0};
	struct front_say say;
	struct peer p = {0};
	size_t waiting = 0, ended = 0;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	set_start();
	honest_message(1, &p, &honest);
	for (uint64_t i = 1; i <= FRAMES; i++) {
		if (i % RESTART_EVERY != 0) {
			noise_ask(i, &honest, &frame);
			frame_send(&frame);
			if (++waiting == IN_FLIGHT)
				take_answers(&waiting);
			continue;
		}
		take_answers(&waiting);
		blob_clear(&frame);
		noise(1 + chance(300), &frame);
		frame_send(&frame);
		while (core_says(&message, &say))
			;
		assert_int_equal(set_end(), 1);
		ended++;
		set_start();
	}
	take_answers(&waiting);
	assert_int_equal(set_end(), 0);
	print_message("# %d frames, core ended over %zu\n", FRAMES, ended);
	store_is_untouched();
	peer_free(&p);
	blob_free(&frame);
	blob_free(&honest);
	blob_free(&message);
}

/* The same channel carries an honest question: what came before was asked of a working core. */
static void
honest_front_is_served(void **state)
{
	struct blob message = {0}, frame = {0};
	struct front_say say;
	struct peer p = {0};
	struct peer_answer a = {0};
	struct err e = {0};
	struct blob now = {0};
	int issued;

	(void)state;
	set_start();
	honest_message(1, &p, &message);
	ask_of(blob_view(&message), &frame);
	frame_send(&frame);
	do
		assert_true(core_says(&message, &say));
	while (say.id != 77);
	assert_int_equal(say.status, 200);
	if (!peer_open(&p, say.body, &a, &e))
		fail_msg("%s", e.text);
	assert_int_equal(a.status, PEER_SUCCESS);
	assert_int_equal(set_end(), 0);
	store_content(&now, &issued);
	assert_int_equal(issued, 1);
	blob_free(&now);
	peer_answer_free(&a);
	peer_free(&p);
	blob_free(&message);
	blob_free(&frame);
}

/* ---- hostile core ---- */

/* Through the product's own signer process, filter of system calls included. */
static void
hostile_core_is_refused(void **state)
{
	char path[200];
	int pair[2];
	struct err e = {0};

	(void)state;
	assert_true(dir_make(below("servers/ROOTCA/keys", path), 0700, &e));
	assert_true(channel_pair(pair, &e));
	pid_t pid = signer_start(pair[1]);
	close(pair[1]);
	struct keys *k = keys_open_remote(pair[0]);
	hostile_run(k);
	keys_close(k);
	assert_int_equal(code_of(pid), 0);
}

/* A state directory of its own. */
static int
fresh(void **state)
{
	char path[200];
	struct err e = {0};

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/keymuster-hostile-XXXXXX");
	return mkdtemp(dir) != NULL && dir_make(below("servers/ROOTCA/keys", path), 0700, &e) &&
		       dir_make(below("servers/ROOTCA/archive", path), 0700, &e)
		   ? 0
		   : -1;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
gone(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* And a CA in it, as it was before anything hostile. */
static int
fresh_ca(void **state)
{
	int issued;

	if (fresh(state) != 0)
		return -1;
	set_start();
	(void)set_end();
	store_content(&untouched, &issued);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(broken_frames_end_core, fresh_ca, gone),
	    cmocka_unit_test_setup_teardown(noise_is_survived, fresh_ca, gone),
	    cmocka_unit_test_setup_teardown(honest_front_is_served, fresh_ca, gone),
	    cmocka_unit_test_setup_teardown(hostile_core_is_refused, fresh, gone),
	};
	const char *word = getenv("KEYMUSTER_SEED");
	struct err e = {0};

	if (getenv("KEYMUSTERD") == NULL || !clock_init(NULL, &e)) {
		fputs("hostile: KEYMUSTERD must name the daemon\n", stderr);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	seed = word != NULL ? strtoull(word, NULL, 10) : (uint64_t)clock_now();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	blob_free(&untouched);
	blob_free(&set.ca);
	pool_free();
	return failed;
}
