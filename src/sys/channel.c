/* channel.c - whole messages between our processes. */
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * One packet is one tag octet and, with TAG_INLINE, the message itself. The tag also keeps an
 * empty message apart from the end of the channel. With TAG_MEMFD the message is the content of
 * the one descriptor that comes along.
 */
enum tag { TAG_INLINE = 'i', TAG_MEMFD = 'm' };

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define FDS_MAX                                                                                \
	4 /* room to see, and close, descriptors too many; the kernel closes what exceeds it   \
	   */

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

bool
channel_pair(int fds[2], struct err *e)
{
	int room = 1024 * 1024; /* the kernel takes what it allows */

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
		return err_set(e, WHY_IO, "cannot make a channel: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return true;
}

static bool
memfd_of(struct view message, int *out, struct err *e)
{
	int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && fd_write(fd, message) &&
	    fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) == 0) {
		*out = fd;
		return true;
	}
	err_set(
	    e, WHY_IO, "cannot hold a message of %zu bytes: %s", message.n, strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
}

static bool
packet_send(int fd, struct msghdr *m, struct err *e)
{
	ssize_t n;

	do
		n = sendmsg(fd, m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return true;
	if (errno == EAGAIN || errno == ENOBUFS)
		return err_set(e, WHY_BUSY, "channel is full");
	return err_set(e, WHY_IO, "channel: %s", strerror(errno));
}

bool
channel_send(int fd, struct view message, struct err *e)
{
	uint8_t tag = TAG_INLINE;
	struct iovec part[2] = {{&tag, 1}, {(void *)(uintptr_t)message.p, message.n}};
	struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};
	union control control = {0};
	int memfd = -1;
	bool ok = false;

	if (message.n > CHANNEL_MAX)
		return err_set(
		    e, WHY_BUG, "message of %zu bytes, limit %d", message.n, CHANNEL_MAX);
	if (message.n > CHANNEL_INLINE_MAX) {
		if (!memfd_of(message, &memfd, e))
			return false;
		tag = TAG_MEMFD;
		m.msg_iovlen = 1;
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &memfd, sizeof(int));
	}
	ok = packet_send(fd, &m, e);
	if (memfd >= 0)
		close(memfd);
	return ok;
}

/* Collect the descriptors that came along; returns how many. */
static size_t
fds_of(struct msghdr *m, int fds[FDS_MAX])
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count && n < FDS_MAX; i++, n++)
			memcpy(&fds[n], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
	return n;
}

/* Sealed first, measured then: after the seals nobody can change what is read. */
static bool
memfd_read(int fd, size_t max, struct blob *out)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) != 0)
		return false;
	if (st.st_size <= CHANNEL_INLINE_MAX || (uint64_t)st.st_size > max)
		return false;
	blob_clear(out);
	uint8_t *p = blob_grow(out, (size_t)st.st_size);
	for (off_t at = 0; at < st.st_size;) {
		ssize_t n = pread(fd, p + at, (size_t)(st.st_size - at), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
	}
	return true;
}

enum channel_got
channel_receive(int fd, size_t max, struct blob *out)
{
	uint8_t tag = 0;
	union control control;
	int fds[FDS_MAX];
	enum channel_got got = CHANNEL_BROKEN;
	ssize_t n;

	blob_clear(out);
	struct iovec part[2] = {
	    {&tag, 1}, {blob_grow(out, CHANNEL_INLINE_MAX), CHANNEL_INLINE_MAX}};
	struct msghdr m = {.msg_iov = part,
	    .msg_iovlen = 2,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	out->n = n > 0 ? (size_t)n - 1 : 0;
	if (n < 0)
		return errno == EAGAIN	     ? CHANNEL_EMPTY
		       : errno == ECONNRESET ? CHANNEL_CLOSED
					     : CHANNEL_BROKEN;

	size_t count = fds_of(&m, fds);
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		got = CHANNEL_BROKEN;
	else if (n == 0 && count == 0)
		got = CHANNEL_CLOSED;
	else if (tag == TAG_INLINE && count == 0 && out->n <= max)
		got = CHANNEL_MESSAGE;
	else if (tag == TAG_MEMFD && n == 1 && count == 1 && memfd_read(fds[0], max, out))
		got = CHANNEL_MESSAGE;
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	if (got != CHANNEL_MESSAGE)
		blob_clear(out);
	return got;
}
