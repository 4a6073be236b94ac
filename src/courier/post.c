/* post.c - HTTP requests by libcurl, many at once. */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "courier/post.h"

#define LIBRARY "libcurl.so.4"

/*
 * Loaded by this process alone: linked, it would bring some thirty libraries (LDAP, Kerberos,
 * GnuTLS ...) into front, core and signer too, and 20 ms to each start (Debian 12, 7.88.1).
 */
static struct {
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__((curl_easy_setopt)) *easy_setopt;
	__typeof__(curl_easy_strerror) *easy_strerror;
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
    {"curl_easy_init", &lib.easy_init},
    {"curl_easy_setopt", &lib.easy_setopt},
    {"curl_easy_strerror", &lib.easy_strerror},
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
	void *owner;
	CURL *easy;
	struct curl_slist *headers;
	struct blob body;
};

struct poster {
	CURLM *multi;
	const char *trust;
	struct request *requests;
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

/* Less than it was given ends the request with an error. */
static size_t
on_body(char *octets, size_t size, size_t n, void *arg)
{
	struct request *rq = arg;

	(void)size; /* always 1 */
	if (n > COURIER_ANSWER_MAX - rq->body.n)
		return 0;
	blob_add(&rq->body, octets, n);
	return n;
}

static bool
header_add(struct request *rq, const char *line)
{
	struct curl_slist *more = lib.slist_append(rq->headers, line);

	if (more != NULL)
		rq->headers = more;
	return more != NULL;
}

static bool
headers_make(struct request *rq, const char *password)
{
	struct blob line = {0};
	bool ok = header_add(rq, "Content-Type: application/json") &&
		  header_add(rq, "Accept: application/json") && header_add(rq, "Expect:");

	if (password[0] != 0) {
		blob_printf(&line, "Authorization: Bearer %s", password);
		ok = ok && header_add(rq, blob_cstr(&line));
	}
	blob_free(&line);
	return ok;
}

#define SET(option, value) (lib.easy_setopt(rq->easy, option, value) == CURLE_OK)

/* No redirects (the default, said here), no proxy of the environment, nothing but HTTP/1.1. */
static bool
request_set_up(const struct poster *p, struct request *rq, const struct courier_hook *hook,
    struct view body, int64_t milliseconds)
{
	return SET(CURLOPT_URL, hook->url) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
	       SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") &&
	       SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_TIMEOUT_MS, (long)milliseconds) &&
	       SET(CURLOPT_HTTPHEADER, rq->headers) && SET(CURLOPT_POST, 1L) &&
	       SET(CURLOPT_POSTFIELDSIZE, (long)body.n) &&
	       SET(CURLOPT_POSTFIELDS, (const char *)body.p) &&
	       SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, rq) &&
	       SET(CURLOPT_PRIVATE, rq) &&
	       (p->trust == NULL ||
		   (SET(CURLOPT_CAINFO, p->trust) && SET(CURLOPT_CAPATH, NULL)));
}

bool
poster_start(struct poster *p, void *owner, const struct courier_hook *hook, struct view body,
    int64_t milliseconds, struct err *e)
{
	struct request *rq = mem_get(sizeof(*rq));

	rq->owner = owner;
	rq->easy = lib.easy_init();
	rq->next = p->requests;
	p->requests = rq;
	if (rq->easy != NULL && headers_make(rq, hook->password) &&
	    request_set_up(p, rq, hook, body, milliseconds) &&
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

bool
poster_done(struct poster *p, struct posted *out)
{
	struct request *rq = NULL;
	CURLMsg *m;
	long status = 0;
	int left;

	do
		m = lib.multi_info_read(p->multi, &left);
	while (m != NULL && m->msg != CURLMSG_DONE);
	if (m == NULL)
		return false;
	*out = (struct posted){0};
	(void)lib.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &rq);
	(void)lib.easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
	out->owner = rq->owner;
	if (m->data.result == CURLE_OK)
		out->status = (int)status;
	else
		out->why = m->data.result == CURLE_WRITE_ERROR
			       ? "its answer is too long"
			       : lib.easy_strerror(m->data.result);
	out->unresolved = m->data.result == CURLE_COULDNT_RESOLVE_HOST;
	out->body = rq->body;
	rq->body = (struct blob){0};
	request_free(p, rq);
	return true;
}
