/* socket.c - listening sockets and local connections. */
#include "sys/sys.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool
tcp_refuse(const char *address, unsigned port, struct err *e)
{
	int why = errno;

	if (why == EADDRINUSE)
		return err_set(e, WHY_BUSY,
		    "%s port %u is in use by another program; stop it or choose another port",
		    address, port);
	if (why == EACCES)
		return err_set(e, WHY_REFUSED,
		    "%s port %u needs the right CAP_NET_BIND_SERVICE; choose a port from 1024 "
		    "up",
		    address, port);
	if (why == EADDRNOTAVAIL)
		return err_set(
		    e, WHY_IO, "%s is no address of this host (port %u)", address, port);
	return err_set(
	    e, WHY_IO, "cannot listen on %s port %u: %s", address, port, strerror(why));
}

bool
listen_tcp(const char *address, unsigned port, int *out, struct err *e)
{
	struct addrinfo want = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	    .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char service[8];
	int fd, one = 1;

	if (port > UINT16_MAX)
		return err_set(e, WHY_BAD_INPUT, "port %u, highest is %d", port, UINT16_MAX);
	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &want, &found) != 0)
		return err_set(e, WHY_BAD_INPUT, "'%s' is no IPv4 or IPv6 address", address);

	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
	    bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) {
		freeaddrinfo(found);
		*out = fd;
		return true;
	}
	tcp_refuse(address, port, e);
	freeaddrinfo(found);
	if (fd >= 0)
		close(fd);
	return false;
}

static bool
unix_address(const char *path, struct sockaddr_un *out, struct err *e)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(out->sun_path))
		return err_set(e, WHY_BAD_INPUT, "socket path '%s' is longer than %zu octets",
		    path, sizeof(out->sun_path) - 1);
	memcpy(out->sun_path, path, strlen(path));
	return true;
}

/* Connected, or -1 with errno. */
static int
unix_try(const struct sockaddr_un *at, int flags)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0) {
		int why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

/* A socket nobody listens on is left over from a crash; anything else at the path is not ours
 * to remove. */
static bool
unix_make_way(const struct sockaddr_un *at, struct err *e)
{
	struct stat st;
	int fd;

	if (lstat(at->sun_path, &st) != 0) {
		if (errno == ENOENT)
			return true;
		return err_set(
		    e, WHY_IO, "cannot look at '%s': %s", at->sun_path, strerror(errno));
	}
	if (!S_ISSOCK(st.st_mode))
		return err_set(
		    e, WHY_IO, "'%s' exists and is no socket; move it away", at->sun_path);
	fd = unix_try(at, SOCK_NONBLOCK); /* EAGAIN: alive, its backlog is full */
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || errno == EAGAIN)
		return err_set(e, WHY_BUSY, "another process listens on '%s'", at->sun_path);
	if (errno != ECONNREFUSED || unlink(at->sun_path) != 0)
		return err_set(
		    e, WHY_IO, "cannot replace socket '%s': %s", at->sun_path, strerror(errno));
	return true;
}

bool
listen_unix(const char *path, mode_t mode, int *out, struct err *e)
{
	struct sockaddr_un at;
	int fd;

	if (!unix_address(path, &at, e) || !unix_make_way(&at, e))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode before bind, so that the path never has a wider one; and after, for what
	 * umask took. */
	if (fd >= 0 && fchmod(fd, mode) == 0 &&
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 && chmod(path, mode) == 0 &&
	    listen(fd, SOMAXCONN) == 0) {
		*out = fd;
		return true;
	}
	err_set(e, errno == EADDRINUSE ? WHY_BUSY : WHY_IO, "cannot listen on '%s': %s", path,
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
}

bool
connect_unix(const char *path, int *out, struct err *e)
{
	struct sockaddr_un at;
	int fd;

	if (!unix_address(path, &at, e))
		return false;
	fd = unix_try(&at, 0);
	if (fd < 0)
		return err_set(e,
		    errno == ENOENT || errno == ECONNREFUSED ? WHY_NOT_FOUND : WHY_IO,
		    "nobody answers at '%s': %s", path, strerror(errno));
	*out = fd;
	return true;
}
