/* url.c - addresses of fetches, and what headers say. */
#include <string.h>
#include <strings.h>

#include "courier/courier.h"

/* RFC 8894 4.1 (HT-04), and what IOS asks for when the address has no path. */
#define SCEP_PATH "/cgi-bin/pkiclient.exe"

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
all_of(struct view v, const char *more, bool any_printable)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (!is_alnum(c) && (c == 0 || strchr(more, c) == NULL) &&
		    !(any_printable && c > ' ' && c < 0x7f))
			return false;
	}
	return true;
}

/* How many of the schemes are meant. */
enum schemes { HTTP_ALONE = 1, HTTP_AND_TLS = 2, FTP_TOO = 4 };

static size_t
scheme_length(struct view v, enum schemes n)
{
	static const struct view schemes[] = {
	    VIEW("http://"), VIEW("https://"), VIEW("ftp://"), VIEW("ftps://")};

	for (size_t i = 0; i < (size_t)n; i++)
		if (v.n >= schemes[i].n && strncasecmp((const char *)v.p,
					       (const char *)schemes[i].p, schemes[i].n) == 0)
			return schemes[i].n;
	return 0;
}

/*
 * "http://host[:port]" at the front of *v: taken from there. No name or password before the
 * host, and nothing that one reader could take for the end of it and another not.
 */
static bool
authority_take(struct view *v, enum schemes schemes)
{
	size_t scheme = scheme_length(*v, schemes), n = scheme;

	while (n < v->n && v->p[n] != '/' && v->p[n] != '?' && v->p[n] != '#')
		n++;
	if (scheme == 0 || n == scheme || v->p[scheme] == ':' ||
	    !all_of(view_of(v->p + scheme, n - scheme), "-._:[]", false))
		return false;
	*v = view_of(v->p + n, v->n - n);
	return true;
}

bool
courier_scep_url(const char *url, struct blob *out, struct err *e)
{
	struct view path = view_str(url);

	if (!authority_take(&path, HTTP_AND_TLS))
		return err_set(e, WHY_BAD_INPUT,
		    "its address is not http://host or https://host, with a port and a path "
		    "if need be");
	if (memchr(path.p, '?', path.n) != NULL || memchr(path.p, '#', path.n) != NULL ||
	    !all_of(path, "", true))
		return err_set(e, WHY_BAD_INPUT, "its address has more than a path");
	blob_set(out, view_str(url));
	if (path.n <= 1) {
		out->n -= path.n;
		blob_add_str(out, SCEP_PATH);
	}
	return true;
}

bool
courier_fetch_url(const struct courier_place *p, const struct courier_fetch *f,
    struct blob *out, struct err *e)
{
	struct view rest = f->url, proxy = view_str(p->proxy);

	if (proxy.n > 0 && (!authority_take(&proxy, HTTP_ALONE) || proxy.n > 0))
		return err_set(e, WHY_BAD_INPUT, "its proxy is not http://host:port");
	if (f->url.n > 0) {
		if (!authority_take(&rest, HTTP_AND_TLS) || !all_of(rest, "", true))
			return err_set(
			    e, WHY_BAD_INPUT, "the address is neither http:// nor https://");
		blob_set(out, f->url);
		return true;
	}
	if (!courier_scep_url(p->url, out, e))
		return false;
	if (f->tail.n > 0 &&
	    (f->tail.p[0] != '?' || memchr(f->tail.p, '#', f->tail.n) != NULL ||
		!all_of(f->tail, "", true)))
		return err_set(e, WHY_BAD_INPUT, "what to ask is no query");
	blob_add_view(out, f->tail);
	return true;
}

bool
courier_put_url(const struct courier_depot *d, struct view leaf, bool *beside, struct blob *out,
    struct err *e)
{
	struct view path = view_str(d->url);

	if (!authority_take(&path, FTP_TOO) || memchr(path.p, '?', path.n) != NULL ||
	    memchr(path.p, '#', path.n) != NULL || !all_of(path, "", true))
		return err_set(e, WHY_BAD_INPUT,
		    "its address is not ftp, ftps, http or https with a host and a directory");
	*beside = strncasecmp(d->url, "ftp", 3) == 0;
	blob_set(out, view_str(d->url));
	if (path.n == 0 || path.p[path.n - 1] != '/')
		blob_add_byte(out, '/');
	blob_add_view(out, leaf);
	if (*beside)
		blob_add_str(out, COURIER_BESIDE);
	return true;
}

void
courier_tail(const char *operation, struct view message, struct blob *out)
{
	static const char digits[] = "0123456789ABCDEF";

	blob_printf(out, "?operation=%s", operation);
	if (message.n > 0)
		blob_add_str(out, "&message=");
	for (size_t i = 0; i < message.n; i++) {
		uint8_t c = message.p[i];

		if (all_of(view_of(&c, 1), "-._~", false)) { /* RFC 3986 2.3 */
			blob_add_byte(out, c);
			continue;
		}
		blob_add_byte(out, '%');
		blob_add_byte(out, (uint8_t)digits[c >> 4]);
		blob_add_byte(out, (uint8_t)digits[c & 15]);
	}
}

void
courier_tail_message(struct view der, struct blob *out)
{
	struct blob text = {0};

	base64_encode(der, &text);
	courier_tail("PKIOperation", blob_view(&text), out);
	blob_free(&text);
}

/* ---- headers ---- */

void
courier_media_type(const char *header, char out[COURIER_MEDIA_MAX + 1])
{
	size_t n;

	header += strspn(header, " \t");
	n = strcspn(header, "; \t");
	if (n > COURIER_MEDIA_MAX || !all_of(view_of(header, n), "!#$&-^_.+/", false))
		n = 0;
	for (size_t i = 0; i < n; i++)
		out[i] =
		    (char)(header[i] >= 'A' && header[i] <= 'Z' ? header[i] + 32 : header[i]);
	out[n] = 0;
}

int64_t
courier_retry_after(const char *header, when_t (*date)(const char *), when_t from)
{
	size_t n = strspn(header, "0123456789");
	int64_t seconds = 0;
	when_t at;

	if (n > 0 && header[n] == 0) {
		for (size_t i = 0; i < n && seconds <= INT32_MAX; i++)
			seconds = 10 * seconds + header[i] - '0';
	} else if ((at = date(header)) > from) {
		seconds = when_add(at, -from);
	}
	return seconds < INT32_MAX ? seconds : INT32_MAX;
}
