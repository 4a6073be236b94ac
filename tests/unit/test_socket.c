/* test_socket.c - listening on TCP and Unix sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/sys.h"

static char home[256];

static int
set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(home, sizeof(home), "%s/test_socket.XXXXXX", tmp != NULL ? tmp : "/tmp");
	return mkdtemp(home) != NULL && chdir(home) == 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink("s");
	return chdir("/") == 0 && rmdir(home) == 0 ? 0 : -1;
}

static unsigned
port_of(int fd)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	return ntohs(at.sin_port);
}

static void
test_tcp(void **state)
{
	struct err e = {0};
	int fd = -1, second = -1;
	char port[16];

	(void)state;
	assert_true(listen_tcp("127.0.0.1", 0, &fd, &e));
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_false(listen_tcp("127.0.0.1", port_of(fd), &second, &e));
	assert_int_equal(e.why, WHY_BUSY);
	assert_int_equal(second, -1);
	snprintf(port, sizeof(port), "%u", port_of(fd));
	assert_non_null(strstr(e.text, port));
	assert_non_null(strstr(e.text, "127.0.0.1"));

	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port_of(fd)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	int served = accept(fd, NULL, NULL);
	assert_true(served >= 0);

	/* A restart finds the port free although a connection lingers. */
	unsigned again = port_of(fd);
	close(fd);
	close(served);
	assert_true(listen_tcp("127.0.0.1", again, &fd, &e));
	close(fd);
	close(client);
}

static void
test_tcp_refuses(void **state)
{
	static const struct {
		const char *address;
		unsigned port;
		enum why why;
	} rows[] = {
	    {"localhost", 80, WHY_BAD_INPUT}, /* no name is looked up */
	    {"1.2.3.4.5", 80, WHY_BAD_INPUT}, {"", 80, WHY_BAD_INPUT},
	    {"127.0.0.1", 65536, WHY_BAD_INPUT},
	    {"192.0.2.1", 0, WHY_IO}, /* not ours (RFC 5737) */
	};
	struct err e = {0};
	int fd = -1;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (listen_tcp(rows[i].address, rows[i].port, &fd, &e))
			fail_msg("'%s' port %u was accepted", rows[i].address, rows[i].port);
		assert_int_equal(e.why, rows[i].why);
		assert_int_equal(fd, -1);
	}
}

static void
test_unix(void **state)
{
	struct err e = {0};
	struct stat st;
	int fd = -1, second = -1, client = -1;

	(void)state;
	mode_t before = umask(077);
	assert_true(listen_unix("s", 0660, &fd, &e));
	umask(before);
	assert_int_equal(lstat("s", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);

	assert_false(listen_unix("s", 0660, &second, &e)); /* a living one */
	assert_int_equal(e.why, WHY_BUSY);
	assert_true(connect_unix("s", &client, &e));
	assert_true((fcntl(client, F_GETFD) & FD_CLOEXEC) != 0);
	close(client);

	close(fd); /* a dead one */
	assert_false(connect_unix("s", &client, &e));
	assert_int_equal(e.why, WHY_NOT_FOUND);
	assert_true(listen_unix("s", 0600, &fd, &e));
	close(fd);
}

static void
test_unix_refuses(void **state)
{
	struct err e = {0};
	char longest[200];
	int fd = -1;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(listen_unix(longest, 0600, &fd, &e));
	assert_int_equal(e.why, WHY_BAD_INPUT);
	assert_false(connect_unix(longest, &fd, &e));
	assert_int_equal(e.why, WHY_BAD_INPUT);
	assert_false(connect_unix("s", &fd, &e));
	assert_int_equal(e.why, WHY_NOT_FOUND);
	assert_false(listen_unix("nowhere/s", 0600, &fd, &e));
	assert_int_equal(e.why, WHY_IO);
	assert_true(file_replace("s", 0600, VIEW("precious"), &e));
	assert_false(listen_unix("s", 0600, &fd, &e)); /* a file is not removed */
	assert_true(file_exists("s"));
	assert_int_equal(fd, -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_tcp, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_tcp_refuses, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_unix, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_unix_refuses, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
