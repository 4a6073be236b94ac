/* source.c - whom limits count as one. */
#include "net/source.h"

#include <arpa/inet.h>
#include <string.h>

struct source
source_of(const struct sockaddr *sa, char text[SOURCE_TEXT], bool *loopback)
{
	struct in6_addr a = {0};
	struct source s = {0};

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		a.s6_addr[10] = a.s6_addr[11] = 0xff;
		memcpy(a.s6_addr + 12, &in->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		a = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	}
	memcpy(&s.network, a.s6_addr, 8);
	if (IN6_IS_ADDR_V4MAPPED(&a)) {
		memcpy(&s.host, a.s6_addr + 8, 8);
		inet_ntop(AF_INET, a.s6_addr + 12, text, SOURCE_TEXT);
		*loopback = a.s6_addr[12] == 127;
		return s;
	}
	*loopback = IN6_IS_ADDR_LOOPBACK(&a);
	if (!*loopback)
		memset(a.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &a, text, INET6_ADDRSTRLEN);
	if (!*loopback)
		strncat(text, "/64", SOURCE_TEXT - 1 - strlen(text));
	return s;
}
