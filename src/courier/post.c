/* post.c - HTTP and FTP by libcurl, many requests at once. */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "courier/post.h"

#define LIBRARY "libcurl.so.4"
/* For one answer of an FTP server: libcurl 7.88.1 waits for the last ones, and all with it. */
#define ANSWER_SECONDS 30L
#define HEADERS_MAX (64 * 1024) /* octets of all headers: libcurl 7.88.1 keeps any number */

/*
 * Loaded by this process alone: linked, it would bring some thirty libraries (LDAP, Kerberos,
 * GnuTLS ...) into front, core and signer too, and 20 ms to each start (Debian 12, 7.88.1).
 */
static struct {
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_header) *easy_header;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__((curl_easy_setopt)) *easy_setopt;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_getdate) *getdate;
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_multi_add_handle) *multi_add_handle;
	__typeof__(curl_multi_cleanup) *multi_cleanup;
	__typeof__(curl_multi_info_read) *multi_info_read;
	__typeof__(curl_multi_init) *multi_init;
	__typeof__(curl_multi_perform) *multi_perform;
	__typeof__(curl_multi_poll) *multi_poll;
	__typeof__(curl_multi_remove_handle) *multi_remove_handle;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
} lib;

static const struct {
	const char *name;
	void *at;
} symbols[] = {
    {"curl_easy_cleanup", &lib.easy_cleanup},
    {"curl_easy_getinfo", &lib.easy_getinfo},
    {"curl_easy_header", &lib.easy_header},
    {"curl_easy_init", &lib.easy_init},
    {"curl_easy_setopt", &lib.easy_setopt},
    {"curl_easy_strerror", &lib.easy_strerror},
    {"curl_getdate", &lib.getdate},
    {"curl_global_init", &lib.global_init},
    {"curl_multi_add_handle", &lib.multi_add_handle},
    {"curl_multi_cleanup", &lib.multi_cleanup},
    {"curl_multi_info_read", &lib.multi_info_read},
    {"curl_multi_init", &lib.multi_init},
    {"curl_multi_perform", &lib.multi_perform},
    {"curl_multi_poll", &lib.multi_poll},
    {"curl_multi_remove_handle", &lib.multi_remove_handle},
    {"curl_slist_append", &lib.slist_append},
    {"curl_slist_free_all", &lib.slist_free_all},
};

struct request {
	struct request *next;
	struct poster *poster;
	void *owner;
	CURL *easy;
	struct curl_slist *headers, *renames;
	size_t max, header_octets;
	struct view body_out; /* of a put, as all that follows */
	size_t sent;
	char words[CURL_ERROR_SIZE]; /* why not: with the status of FTP */
	const char *why;	     /* we ended it */
	struct blob body;
};

struct poster {
	CURLM *multi;
	const char *trust;
	struct request *requests;
	size_t held;	 /* octets of all bodies */
	char words[128]; /* why, of the last one that ended */
};

static bool
library_load(struct err *e)
{
	void *so = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (so == NULL)
		return err_set(e, WHY_NOT_FOUND, "%s cannot be loaded (package libcurl4): %s",
		    LIBRARY, dlerror());
	for (size_t i = 0; i < COUNT_OF(symbols); i++) {
		void *found = dlsym(so, symbols[i].name);

		if (found == NULL)
			return err_set(
			    e, WHY_NOT_FOUND, "%s lacks %s", LIBRARY, symbols[i].name);
		memcpy(symbols[i].at, &found, sizeof(found));
	}
	return lib.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ||
	       err_set(e, WHY_IO, "%s does not start", LIBRARY);
}

struct poster *
poster_open(const char *trust, struct err *e)
{
	struct poster *p;

	if (!library_load(e))
		return NULL;
	p = mem_get(sizeof(*p));
	p->trust = trust;
	p->multi = lib.multi_init();
	if (p->multi != NULL)
		return p;
	err_set(e, WHY_IO, "%s does not start", LIBRARY);
	free(p);
	return NULL;
}

static void
request_free(struct poster *p, struct request *rq)
{
	for (struct request **at = &p->requests; *at != NULL; at = &(*at)->next) {
		if (*at != rq)
			continue;
		*at = rq->next;
		break;
	}
	if (rq->easy != NULL) {
		(void)lib.multi_remove_handle(p->multi, rq->easy);
		lib.easy_cleanup(rq->easy);
	}
	lib.slist_free_all(rq->headers);
	lib.slist_free_all(rq->renames);
	p->held -= rq->body.n;
	blob_free(&rq->body);
	free(rq);
}

void
poster_close(struct poster *p)
{
	if (p == NULL)
		return;
	while (p->requests != NULL)
		request_free(p, p->requests);
	(void)lib.multi_cleanup(p->multi);
	free(p);
}

static long
status_of(const struct request *rq)
{
	long status = 0;

	(void)lib.easy_getinfo(rq->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* Less than it was given ends the request with an error. */
static size_t
give_up(struct request *rq, const char *why)
{
	rq->why = why;
	return 0;
}

static const char too_long[] = "its answer is too long";

static const char *
why_of(struct request *rq, CURLcode result)
{
	struct poster *p = rq->poster;

	if (rq->why == too_long)
		(void)snprintf(
		    p->words, sizeof(p->words), "%s: more than %zu octets", too_long, rq->max);
	else if (rq->why == NULL && rq->words[0] != 0)
		(void)snprintf(
		    p->words, sizeof(p->words), "%.*s", (int)sizeof(p->words) - 1, rq->words);
	else
		return rq->why != NULL ? rq->why : lib.easy_strerror(result);
	return p->words;
}

static size_t
on_body(char *octets, size_t size, size_t n, void *arg)
{
	struct request *rq = arg;

	(void)size; /* always 1 */
	if (status_of(rq) != 200)
		return n;
	if (n > rq->max - rq->body.n)
		return give_up(rq, too_long);
	if (n > COURIER_HELD_MAX - rq->poster->held)
		return give_up(rq, "too many long answers at once");
	blob_add(&rq->body, octets, n);
	rq->poster->held += n;
	return n;
}

static size_t
on_header(char *octets, size_t size, size_t n, void *arg)
{
	struct request *rq = arg;

	(void)octets;
	(void)size;
	rq->header_octets += n;
	return rq->header_octets <= HEADERS_MAX
		   ? n
		   : give_up(rq, "its answer has too many headers");
}

/* What is still to be sent. */
static size_t
on_read(char *octets, size_t size, size_t n, void *arg)
{
	struct request *rq = arg;
	size_t left = rq->body_out.n - rq->sent;

	(void)size; /* always 1 */
	n = n < left ? n : left;
	if (n > 0)
		memcpy(octets, rq->body_out.p + rq->sent, n);
	rq->sent += n;
	return n;
}

/* From the beginning, for a server that wants the password first. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct request *rq = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > rq->body_out.n)
		return CURL_SEEKFUNC_FAIL;
	rq->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static bool
line_add(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = lib.slist_append(*list, line);

	if (more != NULL)
		*list = more;
	return more != NULL;
}

/* Without a word behind it a header is left out: nobody is asked to "Expect: 100-continue". */
static bool
lines_make(struct request *rq, const struct posting *what)
{
	bool ok = (!what->post && !what->put) || line_add(&rq->headers, "Expect:");

	for (size_t i = 0; ok && i < COUNT_OF(what->headers) && what->headers[i] != NULL; i++)
		ok = line_add(&rq->headers, what->headers[i]);
	for (size_t i = 0; ok && i < COUNT_OF(what->renames) && what->renames[i] != NULL; i++)
		ok = line_add(&rq->renames, what->renames[i]);
	return ok;
}

#define SET(option, value) (lib.easy_setopt(rq->easy, option, value) == CURLE_OK)

/* "if!": a name of an interface only, never of a host to be resolved. */
static bool
way_set_up(struct request *rq, const struct posting *what)
{
	char interface[64];

	(void)snprintf(interface, sizeof(interface), "if!%s", what->interface);
	return SET(CURLOPT_PROXY, what->proxy) && SET(CURLOPT_NOPROXY, "") &&
	       (what->interface[0] == 0 || SET(CURLOPT_INTERFACE, interface));
}

static bool
post_set_up(struct request *rq, const struct posting *what)
{
	return !what->post ||
	       (SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDSIZE, (long)what->body.n) &&
		   SET(CURLOPT_POSTFIELDS, what->body.n > 0 ? (const char *)what->body.p : ""));
}

/*
 * By FTP in passive mode (the default), to the address that we chose: what a server says of
 * another one is not believed (the default since 7.74). ftps: is TLS from the first octet, for
 * the file too.
 */
static bool
put_set_up(struct request *rq, const struct posting *what)
{
	rq->body_out = what->body;
	return SET(CURLOPT_PROTOCOLS_STR, "ftp,ftps,http,https") && SET(CURLOPT_UPLOAD, 1L) &&
	       SET(CURLOPT_ERRORBUFFER, rq->words) &&
	       SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)what->body.n) &&
	       SET(CURLOPT_READFUNCTION, on_read) && SET(CURLOPT_READDATA, rq) &&
	       SET(CURLOPT_SEEKFUNCTION, on_seek) && SET(CURLOPT_SEEKDATA, rq) &&
	       SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, ANSWER_SECONDS) &&
	       SET(CURLOPT_POSTQUOTE, rq->renames) && SET(CURLOPT_FORBID_REUSE, 1L) &&
	       (strncasecmp(what->url, "ftps:", 5) != 0 ||
		   SET(CURLOPT_USE_SSL, (long)CURLUSESSL_ALL)) &&
	       (what->user == NULL || what->user[0] == 0 ||
		   (SET(CURLOPT_USERNAME, what->user) &&
		       SET(CURLOPT_PASSWORD, what->password)));
}

/* No redirects (the default, said here), no proxy of the environment, nothing but HTTP/1.1. */
static bool
request_set_up(struct request *rq, const struct posting *what)
{
	const char *trust = rq->poster->trust;

	return SET(CURLOPT_URL, what->url) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
	       SET(CURLOPT_FOLLOWLOCATION, 0L) && way_set_up(rq, what) &&
	       SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_TIMEOUT_MS, (long)what->milliseconds) &&
	       SET(CURLOPT_HTTPHEADER, rq->headers) && post_set_up(rq, what) &&
	       SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, rq) &&
	       SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, rq) &&
	       SET(CURLOPT_PRIVATE, rq) && (!what->put || put_set_up(rq, what)) &&
	       (trust == NULL || (SET(CURLOPT_CAINFO, trust) && SET(CURLOPT_CAPATH, NULL)));
}

bool
poster_start(struct poster *p, void *owner, const struct posting *what, struct err *e)
{
	struct request *rq = mem_get(sizeof(*rq));

	rq->poster = p;
	rq->owner = owner;
	rq->max = what->max;
	rq->easy = lib.easy_init();
	rq->next = p->requests;
	p->requests = rq;
	if (rq->easy != NULL && lines_make(rq, what) && request_set_up(rq, what) &&
	    lib.multi_add_handle(p->multi, rq->easy) == CURLM_OK)
		return true;
	request_free(p, rq);
	return err_set(e, WHY_IO, "the request cannot be made");
}

bool
poster_wait(struct poster *p, struct pollfd *other, int milliseconds)
{
	struct curl_waitfd fd = {.fd = other->fd,
	    .events = (short)((other->events & POLLIN ? CURL_WAIT_POLLIN : 0) |
			      (other->events & POLLOUT ? CURL_WAIT_POLLOUT : 0))};
	int running;

	return lib.multi_poll(p->multi, &fd, 1, milliseconds, NULL) == CURLM_OK &&
	       lib.multi_perform(p->multi, &running) == CURLM_OK;
}

/* The last answer's, not that of a proxy before it; NULL: not there. */
static const char *
header_of(const struct request *rq, const char *name)
{
	struct curl_header *h;

	return lib.easy_header(rq->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value
										     : NULL;
}

static when_t
date_of_header(const char *text)
{
	return lib.getdate(text, NULL);
}

/* Each look at a header may move the one before. */
static void
headers_read(const struct request *rq, struct posted *out)
{
	const char *header = header_of(rq, "Date");
	when_t from = header != NULL ? date_of_header(header) : -1;

	header = header_of(rq, "Content-Type");
	if (header != NULL)
		courier_media_type(header, out->media_type);
	header = header_of(rq, "Retry-After");
	if (header != NULL)
		out->retry_after =
		    courier_retry_after(header, date_of_header, from > 0 ? from : clock_now());
}

bool
poster_done(struct poster *p, struct posted *out)
{
	struct request *rq = NULL;
	CURLMsg *m;
	int left;

	do
		m = lib.multi_info_read(p->multi, &left);
	while (m != NULL && m->msg != CURLMSG_DONE);
	if (m == NULL)
		return false;
	*out = (struct posted){0};
	(void)lib.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &rq);
	out->owner = rq->owner;
	out->unresolved = m->data.result == CURLE_COULDNT_RESOLVE_HOST ||
			  m->data.result == CURLE_COULDNT_RESOLVE_PROXY;
	if (m->data.result == CURLE_OK) {
		/* By FTP nothing failed, whatever was answered to QUIT. */
		out->status = rq->renames != NULL ? 250 : (int)status_of(rq);
		headers_read(rq, out);
	} else {
		out->why = why_of(rq, m->data.result);
	}
	p->held -= rq->body.n;
	out->body = rq->body;
	rq->body = (struct blob){0};
	request_free(p, rq);
	return true;
}
