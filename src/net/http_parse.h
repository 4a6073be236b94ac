/*
 * http_parse.h - inner header of net: one HTTP/1 request, octet by octet.
 *
 * Strict (RFC 9112; BAD-003 to BAD-018) and without sockets: the same octets give the same
 * verdict however they are cut.
 */
#ifndef NET_HTTP_PARSE_H
#define NET_HTTP_PARSE_H

#include "net/net.h"

#define HTTP_LINE_MAX (HTTP_URL_MAX + 64) /* method, target, version and their spaces */
#define HTTP_FIELDS_MAX (16 * 1024)	  /* octets of all header fields */
#define HTTP_FIELD_COUNT_MAX 100
#define HTTP_CHUNK_LINE_MAX 256
#define HTTP_TRAILERS_MAX 2048
#define HTTP_IF_NONE_MATCH_MAX                                                                 \
	1024 /* a longer one is no reason to refuse: it matches nothing */

enum http_stage {
	HTTP_AT_LINE,
	HTTP_AT_FIELDS,
	HTTP_AT_BODY,
	HTTP_AT_CHUNK_SIZE,
	HTTP_AT_CHUNK,
	HTTP_AT_CHUNK_END,
	HTTP_AT_TRAILERS,
	HTTP_AT_CLOSE, /* HTTP/1.0 POST without a length: the body ends with the connection */
	HTTP_WHOLE,
	HTTP_BAD,
};

struct http_parse {
	enum http_stage stage;
	bool begun; /* an octet of this request has arrived */

	/* Valid when whole. */
	enum http_method method;
	int minor; /* HTTP/1.minor, 0 or 1 */
	bool keep_alive;
	bool expects_continue; /* valid from the first body stage on */
	struct blob path, query, body, if_none_match;

	/* Valid when bad. */
	int status;
	const char *reason;

	/* Between pieces. */
	struct blob line;
	size_t fields_size, trailers_size;
	int field_count;
	bool skipped_empty_line;
	bool have_host, have_length, have_chunked, have_connection_close, have_strange_expect;
	uint64_t left; /* octets of the body or the chunk still to come */
};

/* Make ready for the next request; a zeroed struct is ready for the first. Storage is kept
 * unless it grew large. */
void http_parse_next(struct http_parse *p);
void http_parse_free(struct http_parse *p);
/* Take octets until the request is whole or bad; returns how many were taken. Whole and bad
 * take none. */
size_t http_parse_feed(struct http_parse *p, struct view in);
/* The peer will send no more. Makes a body whole that ends with the connection; anything else
 * stays as it is. */
void http_parse_end(struct http_parse *p);

#endif
