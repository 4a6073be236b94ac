/* source.h - inner: whom limits count as one. */
#ifndef NET_SOURCE_H
#define NET_SOURCE_H

#include <netinet/in.h>

#include "net/net.h"

/* Equal for all addresses that one host may use up by itself: an IPv4 address, an IPv6 /64. */
struct source {
	uint64_t network, host;
};

#define SOURCE_TEXT (INET6_ADDRSTRLEN + 3)

/* The text names the same: "192.0.2.1", "2001:db8:1:2::/64", or "::1". */
struct source source_of(const struct sockaddr *sa, char text[SOURCE_TEXT], bool *loopback);

#endif
