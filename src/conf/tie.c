/* tie.c - which server a trustpoint enrols at. */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct address { /* of "http://host:port/path" */
	char host[128];
	unsigned port;
	const char *path; /* from its '/' on, or empty */
};

static struct address
address_of(const char *url)
{
	bool tls = strncasecmp(url, "https", 5) == 0;
	struct address a = {.port = tls ? 443 : 80};
	const char *host = strstr(url, "://"), *end;

	host = host != NULL ? host + 3 : url;
	a.path = host + strcspn(host, "/");
	end = host[0] == '[' ? host + strcspn(host, "]") : host + strcspn(host, ":/");
	host += host[0] == '[';
	(void)snprintf(a.host, sizeof(a.host), "%.*s", (int)(end - host), host);
	end += *end == ']';
	if (*end == ':')
		a.port = (unsigned)strtoul(end + 1, NULL, 10);
	return a;
}

static bool
is_one_of(const char *host, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(host, names[i]) == 0)
			return true;
	return false;
}

/* An address that means this machine, where we listen on it. */
static bool
host_is_ours(const char *host, const struct conf *c)
{
	static const char *const here[] = {"localhost", "::1"}, *const any[] = {
								    "0.0.0.0", "::"};
	const char *listen = c->http_address;
	bool everywhere = is_one_of(listen, any, COUNT_OF(any));
	bool loopback =
	    strncmp(listen, "127.", 4) == 0 || is_one_of(listen, here, COUNT_OF(here));

	if (strcasecmp(host, listen) == 0 || strcasecmp(host, c->hostname) == 0)
		return true;
	return (everywhere || loopback) &&
	       (strncmp(host, "127.", 4) == 0 || is_one_of(host, here, COUNT_OF(here)));
}

static bool
goes_by(const struct conf_server *s, struct view name)
{
	for (size_t i = 0; i < s->profile_count; i++)
		if (view_equal_str(name, s->profile[i].name))
			return true;
	return view_equal_str(name, s->name);
}

/* The server that a part of the path names; without one the first answers. */
static const struct conf_server *
served_at(const struct conf *c, const char *path)
{
	struct view rest = view_str(path);

	while (rest.n > 0) {
		struct view part = view_cut(&rest, '/');

		for (size_t i = 0; i < c->server_count; i++)
			if (goes_by(&c->server[i], part))
				return &c->server[i];
	}
	return c->server_count > 0 ? &c->server[0] : NULL;
}

enum conf_tie
conf_tie_of(const struct conf_trustpoint *t, const struct conf *c, const struct conf_server *s)
{
	struct address a = address_of(t->url);

	if (t->url[0] == 0 || served_at(c, a.path) != s)
		return TIE_NONE;
	return a.port == c->http_port && host_is_ours(a.host, c) ? TIE_SURE : TIE_POSSIBLE;
}
