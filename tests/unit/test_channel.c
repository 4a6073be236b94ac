/* test_channel.c - whole messages, and what a hostile peer may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/sys.h"

struct ends {
	int fd[2];
	struct blob got;
};

static int
set_up(void **state)
{
	struct ends *s = mem_get(sizeof(*s));

	*state = s;
	return channel_pair(s->fd, NULL) ? 0 : -1;
}

static int
tear_down(void **state)
{
	struct ends *s = *state;

	close(s->fd[0]);
	close(s->fd[1]);
	blob_free(&s->got);
	free(s);
	return 0;
}

static int
fds_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
test_sizes(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 4095, CHANNEL_INLINE_MAX - 1,
	    CHANNEL_INLINE_MAX, CHANNEL_INLINE_MAX + 1, 1000000, CHANNEL_MAX};
	struct ends *s = *state;
	struct err e = {0};
	int before = fds_open();

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct blob sent = {0};

		if (sizes[i] > 0)
			memset(blob_grow(&sent, sizes[i]), (int)('a' + i), sizes[i]);
		assert_true(channel_send(s->fd[0], blob_view(&sent), &e));
		assert_int_equal(
		    channel_receive(s->fd[1], CHANNEL_MAX, &s->got), CHANNEL_MESSAGE);
		assert_int_equal(s->got.n, sizes[i]);
		assert_true(view_equal(blob_view(&s->got), blob_view(&sent)));
		blob_free(&sent);
	}
	assert_int_equal(channel_receive(s->fd[1], CHANNEL_MAX, &s->got), CHANNEL_EMPTY);
	assert_int_equal(fds_open(), before);
}

static void
test_order_kept(void **state)
{
	struct ends *s = *state;
	struct blob large = {0};

	memset(blob_grow(&large, 100000), 'x', 100000);
	assert_true(channel_send(s->fd[0], VIEW("one"), NULL));
	assert_true(channel_send(s->fd[0], blob_view(&large), NULL));
	assert_true(channel_send(s->fd[0], VIEW("three"), NULL));
	assert_int_equal(channel_receive(s->fd[1], CHANNEL_MAX, &s->got), CHANNEL_MESSAGE);
	assert_true(view_equal_str(blob_view(&s->got), "one"));
	assert_int_equal(channel_receive(s->fd[1], CHANNEL_MAX, &s->got), CHANNEL_MESSAGE);
	assert_int_equal(s->got.n, 100000);
	assert_int_equal(channel_receive(s->fd[1], CHANNEL_MAX, &s->got), CHANNEL_MESSAGE);
	assert_true(view_equal_str(blob_view(&s->got), "three"));
	blob_free(&large);
}

static void
test_full_is_busy(void **state)
{
	struct ends *s = *state;
	struct err e = {0};
	size_t sent = 0, got = 0;

	while (channel_send(s->fd[0], VIEW("message"), &e))
		sent++;
	assert_int_equal(e.why, WHY_BUSY);
	assert_true(sent >= 64);
	while (channel_receive(s->fd[1], CHANNEL_MAX, &s->got) == CHANNEL_MESSAGE)
		got++;
	assert_int_equal(got, sent);
	assert_true(channel_send(s->fd[0], VIEW("again"), &e));
}

/* More than the channel takes: what is left goes later, in order; a gone peer is told. */
static void
test_outbox(void **state)
{
	struct ends *s = *state;
	struct outbox box = {0};
	struct err e = {0};
	unsigned sent = 0, got = 0;

	assert_true(outbox_send(&box, s->fd[0], &e));
	for (; sent < 40000; sent++)
		blob_add_u32(outbox_add(&box), sent);
	while (!outbox_send(&box, s->fd[0], &e)) {
		assert_int_equal(e.why, WHY_BUSY);
		blob_add_u32(outbox_add(&box), sent++);
		for (; channel_receive(s->fd[1], 4, &s->got) == CHANNEL_MESSAGE; got++)
			assert_int_equal(s->got.p[2] << 8 | s->got.p[3], got);
	}
	assert_true(got > 0);
	for (; channel_receive(s->fd[1], 4, &s->got) == CHANNEL_MESSAGE; got++)
		assert_int_equal(s->got.p[2] << 8 | s->got.p[3], got);
	assert_int_equal(got, sent);
	blob_add_u32(outbox_add(&box), sent);
	close(s->fd[1]);
	assert_false(outbox_send(&box, s->fd[0], &e));
	assert_int_equal(e.why, WHY_IO);
	assert_non_null(box.first);
	outbox_free(&box);
	assert_null(box.first);
	s->fd[1] = dup(s->fd[0]);
}

static void
test_closed(void **state)
{
	struct ends *s = *state;
	struct err e = {0};

	assert_true(channel_send(s->fd[0], VIEW("last words"), NULL));
	close(s->fd[0]);
	assert_int_equal(channel_receive(s->fd[1], CHANNEL_MAX, &s->got), CHANNEL_MESSAGE);
	assert_int_equal(channel_receive(s->fd[1], CHANNEL_MAX, &s->got), CHANNEL_CLOSED);
	assert_false(channel_send(s->fd[1], VIEW("anybody?"), &e));
	assert_int_equal(e.why, WHY_IO);
	s->fd[0] = dup(s->fd[1]);
}

static void
test_too_large_to_send(void **state)
{
	struct ends *s = *state;
	struct err e = {0};
	struct blob b = {0};

	blob_grow(&b, (size_t)CHANNEL_MAX + 1);
	assert_false(channel_send(s->fd[0], blob_view(&b), &e));
	assert_int_equal(e.why, WHY_BUG);
	blob_free(&b);
}

/* ---- a hostile peer ---- */

static int
memfd(off_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	if (seals != 0)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

#define SEALED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct hostile {
	const char *sentence;
	const char *bytes;
	size_t pad; /* further octets behind bytes */
	off_t size; /* of each descriptor */
	int seals;
	int fds;    /* how many come along */
	bool plain; /* /dev/zero instead of a memfd */
	enum channel_got want;
};

static const struct hostile hostile[] = {
    {"the control: sealed, of the right size", "m", 0, 100000, SEALED, 1, false,
	CHANNEL_MESSAGE},
    {"an unknown tag", "x", 10, 0, 0, 0, false, CHANNEL_BROKEN},
    {"a tag of zero", "\0", 10, 0, 0, 0, false, CHANNEL_BROKEN},
    {"an inline message that is too long", "i", CHANNEL_INLINE_MAX + 1, 0, 0, 0, false,
	CHANNEL_BROKEN},
    {"an inline message with a descriptor", "i", 10, 100000, SEALED, 1, false, CHANNEL_BROKEN},
    {"a memfd announced that does not come", "m", 0, 0, 0, 0, false, CHANNEL_BROKEN},
    {"a memfd with inline octets", "m", 5, 100000, SEALED, 1, false, CHANNEL_BROKEN},
    {"a memfd without seals", "m", 0, 100000, 0, 1, false, CHANNEL_BROKEN},
    {"a memfd that can still be written", "m", 0, 100000, F_SEAL_SHRINK | F_SEAL_GROW, 1, false,
	CHANNEL_BROKEN},
    {"a memfd that can still shrink", "m", 0, 100000, F_SEAL_WRITE | F_SEAL_GROW, 1, false,
	CHANNEL_BROKEN},
    {"a memfd of less than an inline message", "m", 0, 10, SEALED, 1, false, CHANNEL_BROKEN},
    {"a memfd of more than the limit", "m", 0, (off_t)CHANNEL_MAX + 1, SEALED, 1, false,
	CHANNEL_BROKEN},
    {"two descriptors", "m", 0, 100000, SEALED, 2, false, CHANNEL_BROKEN},
    {"twenty descriptors", "m", 0, 100000, SEALED, 20, false, CHANNEL_BROKEN},
    {"a device instead of a memfd", "m", 0, 0, 0, 1, true, CHANNEL_BROKEN},
};

static void
hostile_send(int to, const struct hostile *h)
{
	struct blob bytes = {0};
	int fds[20];
	char control[CMSG_SPACE(sizeof(fds))] __attribute__((aligned(8))) = {0};
	struct msghdr m = {0};

	blob_add(&bytes, h->bytes, 1);
	if (h->pad > 0)
		memset(blob_grow(&bytes, h->pad), 'p', h->pad);
	struct iovec part = {bytes.p, bytes.n};
	m.msg_iov = &part;
	m.msg_iovlen = 1;
	for (int i = 0; i < h->fds; i++)
		fds[i] = h->plain ? open("/dev/zero", O_RDONLY | O_CLOEXEC)
				  : memfd(h->size, h->seals);
	if (h->fds > 0) {
		m.msg_control = control;
		m.msg_controllen = CMSG_SPACE((size_t)h->fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)h->fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)h->fds * sizeof(int));
	}
	assert_int_equal(sendmsg(to, &m, 0), bytes.n);
	for (int i = 0; i < h->fds; i++)
		close(fds[i]);
	blob_free(&bytes);
}

static void
test_hostile(void **state)
{
	struct ends *s = *state;
	int before = fds_open();

	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		hostile_send(s->fd[0], &hostile[i]);
		enum channel_got got = channel_receive(s->fd[1], CHANNEL_MAX, &s->got);
		if (got != hostile[i].want)
			fail_msg("%s: got %d", hostile[i].sentence, (int)got);
		if (got == CHANNEL_BROKEN)
			assert_int_equal(s->got.n, 0);
		if (fds_open() != before)
			fail_msg("%s: a descriptor leaked", hostile[i].sentence);
		/* The next message is not touched by it. */
		assert_true(channel_send(s->fd[0], VIEW("next"), NULL));
		assert_int_equal(
		    channel_receive(s->fd[1], CHANNEL_MAX, &s->got), CHANNEL_MESSAGE);
		assert_true(view_equal_str(blob_view(&s->got), "next"));
	}
}

/* A receiver sets its own limit, inline and by memfd. */
static void
test_own_limit(void **state)
{
	static const struct {
		size_t size, max;
		enum channel_got want;
	} cases[] = {
	    {100, 100, CHANNEL_MESSAGE},
	    {101, 100, CHANNEL_BROKEN},
	    {100000, 100000, CHANNEL_MESSAGE},
	    {100001, 100000, CHANNEL_BROKEN},
	};
	struct ends *s = *state;
	struct blob message = {0};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		blob_clear(&message);
		memset(blob_grow(&message, cases[i].size), 'x', cases[i].size);
		assert_true(channel_send(s->fd[0], blob_view(&message), NULL));
		assert_int_equal(
		    channel_receive(s->fd[1], cases[i].max, &s->got), cases[i].want);
		assert_int_equal(
		    s->got.n, cases[i].want == CHANNEL_MESSAGE ? cases[i].size : 0);
	}
	blob_free(&message);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_order_kept, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_full_is_busy, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_outbox, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_closed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_too_large_to_send, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_own_limit, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
