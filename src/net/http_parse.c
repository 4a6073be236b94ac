/* http_parse.c - one strict HTTP/1 request, incrementally. */
#include "net/http_parse.h"

#include <string.h>
#include <strings.h>

#define KEEP_MAX (16 * 1024) /* storage a connection may keep between requests */

static bool
bad(struct http_parse *p, int status, const char *reason)
{
	p->stage = HTTP_BAD;
	p->status = status;
	p->reason = reason;
	return false;
}

static void
reset(struct blob *b)
{
	if (b->cap > KEEP_MAX)
		blob_free(b);
	else
		blob_clear(b);
}

void
http_parse_next(struct http_parse *p)
{
	struct blob path = p->path, query = p->query, body = p->body, match = p->if_none_match;
	struct blob line = p->line;

	reset(&path);
	reset(&query);
	reset(&body);
	reset(&match);
	reset(&line);
	*p = (struct http_parse){
	    .path = path, .query = query, .body = body, .if_none_match = match, .line = line};
}

void
http_parse_free(struct http_parse *p)
{
	blob_free(&p->path);
	blob_free(&p->query);
	blob_free(&p->body);
	blob_free(&p->if_none_match);
	blob_free(&p->line);
	*p = (struct http_parse){0};
}

/* ---- characters ---- */

/* RFC 9110 5.6.2 tchar. */
static bool
is_token_char(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

/* RFC 9110 5.5: visible, space, tab and obs-text; so no NUL, no bare CR, no other control. */
static bool
is_field_char(uint8_t c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool
all(struct view v, bool (*is)(uint8_t))
{
	for (size_t i = 0; i < v.n; i++)
		if (!is(v.p[i]))
			return false;
	return true;
}

static bool
equal_nocase(struct view v, const char *s)
{
	return v.n == strlen(s) && !strncasecmp((const char *)v.p, s, v.n);
}

static struct view
trim(struct view v)
{
	while (v.n && (v.p[0] == ' ' || v.p[0] == '\t'))
		v = view_of(v.p + 1, v.n - 1);
	while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
		v.n--;
	return v;
}

/* ---- lines ---- */

enum line { LINE_PART, LINE_ENDED, LINE_LONG };

/* Take up to and including LF. The line lies in the input when it came in one piece, else in
 * p->line. */
static enum line
line_take(struct http_parse *p, struct reader *in, size_t max, struct view *line)
{
	const uint8_t *end = in->n ? memchr(in->p, '\n', in->n) : NULL;
	size_t n = end ? (size_t)(end - in->p) + 1 : in->n;
	struct view piece;

	if (n > max - p->line.n)
		return LINE_LONG;
	if (!read_view(in, n, &piece))
		return LINE_PART;
	if (end && !p->line.n) {
		*line = piece;
		return LINE_ENDED;
	}
	blob_add_view(&p->line, piece);
	*line = blob_view(&p->line);
	return end ? LINE_ENDED : LINE_PART;
}

/* Remove CRLF. LF alone is refused: proxies differ about it (request smuggling). */
static bool
line_strip(struct http_parse *p, struct view *line)
{
	if (line->n < 2 || line->p[line->n - 2] != '\r')
		return bad(p, 400, "line ends without CR");
	line->n -= 2;
	return true;
}

static void
line_done(struct http_parse *p)
{
	if (p->line.n)
		reset(&p->line);
}

/* ---- request line ---- */

static bool
method_parse(struct http_parse *p, struct view v)
{
	static const struct {
		const char *name;
		enum http_method method;
	} served[] = {{"GET", HTTP_GET}, {"POST", HTTP_POST}, {"HEAD", HTTP_HEAD}};
	static const char *const known[] = {
	    "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

	for (size_t i = 0; i < COUNT_OF(served); i++)
		if (view_equal_str(v, served[i].name)) {
			p->method = served[i].method;
			return true;
		}
	if (!v.n || !all(v, is_token_char))
		return bad(p, 400, "method is no token");
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (view_equal_str(v, known[i]))
			return bad(p, 405, "method not served");
	return bad(p, 501, "method unknown");
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
version_parse(struct http_parse *p, struct view v)
{
	if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || !is_digit(v.p[5]) || v.p[6] != '.' ||
	    !is_digit(v.p[7]))
		return bad(p, 400, "version is not HTTP/x.y");
	if (v.p[5] != '1')
		return bad(p, 505, "version is not HTTP/1.x");
	p->minor = v.p[7] != '0';
	p->keep_alive = p->minor > 0;
	return true;
}

/* RFC 9112 3.2.2: http://authority/path counts as /path. */
static bool
absolute_strip(struct view *target)
{
	struct view v = *target;
	const uint8_t *slash;

	if (v.n > 8 && !strncasecmp((const char *)v.p, "https://", 8))
		v = view_of(v.p + 8, v.n - 8);
	else if (v.n > 7 && !strncasecmp((const char *)v.p, "http://", 7))
		v = view_of(v.p + 7, v.n - 7);
	else
		return false;
	slash = memchr(v.p, '/', v.n);
	if (slash == v.p || v.p[0] == '?')
		return false;
	*target = slash ? view_of(slash, v.n - (size_t)(slash - v.p)) : VIEW("/");
	return true;
}

static bool
is_path_char(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '#';
}

/* A space stays allowed behind '?': proxies make it of '+' (HT-08). */
static bool
is_query_char(uint8_t c)
{
	return c == ' ' || is_path_char(c);
}

static bool
is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool
target_parse(struct http_parse *p, struct view target)
{
	struct view path;

	if (target.n > HTTP_URL_MAX)
		return bad(p, 414, "address too long");
	if (!target.n || (target.p[0] != '/' && !absolute_strip(&target)))
		return bad(p, 400, "address is no path");
	path = view_cut(&target, '?');
	if (!all(path, is_path_char) || !all(target, is_query_char))
		return bad(p, 400, "character in the address");
	if (!percent_decode(path, &p->path, NULL))
		return bad(p, 400, "percent escape in the path");
	for (size_t i = 0; i < p->path.n; i++)
		if (is_control(p->path.p[i]))
			return bad(p, 404, "control character in the path");
	blob_set(&p->query, target);
	return true;
}

static bool
at_line(struct http_parse *p, struct reader *in)
{
	struct view line, method;
	size_t last;

	/* What cannot become a request is refused at its first octet: a TLS ClientHello never
	 * ends its line. */
	if (!p->begun && in->n && in->p[0] != '\r' && !is_token_char(in->p[0]))
		return bad(p, 400, "no request begins like this");
	p->begun = p->begun || in->n;
	switch (line_take(p, in, HTTP_LINE_MAX, &line)) {
	case LINE_PART:
		return false;
	case LINE_LONG:
		return bad(p, 414, "request line too long");
	case LINE_ENDED:
		break;
	}
	if (!line_strip(p, &line))
		return false;
	if (!line.n && !p->skipped_empty_line) { /* RFC 9112 2.2 */
		line_done(p);
		p->skipped_empty_line = true;
		p->begun = false;
		return true;
	}
	method = view_cut(&line, ' ');
	for (last = line.n; last && line.p[last - 1] != ' '; last--)
		;
	if (!last)
		return bad(p, 400, "request line has no version");
	if (!version_parse(p, view_of(line.p + last, line.n - last)) ||
	    !method_parse(p, method) || !target_parse(p, view_of(line.p, last - 1)))
		return false;
	line_done(p);
	p->stage = HTTP_AT_FIELDS;
	return true;
}

/* ---- header fields ---- */

static bool
is_host_char(uint8_t c)
{
	return c > 0x20 && c < 0x7f && !strchr("/\\@?#\"<>", c);
}

static bool
field_host(struct http_parse *p, struct view v)
{
	if (p->have_host)
		return bad(p, 400, "two Host fields");
	if (!all(v, is_host_char))
		return bad(p, 400, "character in Host");
	p->have_host = true;
	return true;
}

/* Two fields are refused even when they agree, and so is a list (RFC 9110 8.6 allows that). */
static bool
field_length(struct http_parse *p, struct view v)
{
	if (p->have_length)
		return bad(p, 400, "two Content-Length fields");
	if (!v.n || !all(v, is_digit))
		return bad(p, 400, "Content-Length is no number");
	for (size_t i = 0; i < v.n; i++)
		if (__builtin_mul_overflow(p->left, 10, &p->left) ||
		    __builtin_add_overflow(p->left, v.p[i] - '0', &p->left))
			return bad(p, 400, "Content-Length overflows");
	p->have_length = true;
	return true;
}

static bool
field_coding(struct http_parse *p, struct view v)
{
	if (p->have_chunked || !equal_nocase(v, "chunked"))
		return bad(p, 400, "Transfer-Encoding is not one chunked");
	p->have_chunked = true;
	return true;
}

static bool
field_expect(struct http_parse *p, struct view v)
{
	if (equal_nocase(v, "100-continue"))
		p->expects_continue = true;
	else
		p->have_strange_expect = true;
	return true;
}

static bool
field_connection(struct http_parse *p, struct view v)
{
	while (v.n)
		if (equal_nocase(trim(view_cut(&v, ',')), "close"))
			p->keep_alive = false;
	return true;
}

static bool
field_if_none_match(struct http_parse *p, struct view v)
{
	if (v.n <= HTTP_IF_NONE_MATCH_MAX && !p->if_none_match.n)
		blob_set(&p->if_none_match, v);
	return true;
}

static bool
field_split(struct http_parse *p, struct view line, struct view *name, struct view *value)
{
	const uint8_t *colon = memchr(line.p, ':', line.n);

	if (!colon)
		return bad(p, 400, "header field without colon");
	*name = view_of(line.p, (size_t)(colon - line.p));
	*value = trim(view_of(colon + 1, line.n - name->n - 1));
	/* Covers obs-fold and a space before the colon too (RFC 9112 5.1, 5.2). */
	if (!name->n || !all(*name, is_token_char))
		return bad(p, 400, "header field name is no token");
	if (!all(*value, is_field_char))
		return bad(p, 400, "control character in a header field");
	return true;
}

static bool
field_parse(struct http_parse *p, struct view line)
{
	static const struct {
		const char *name;
		bool (*parse)(struct http_parse *p, struct view v);
	} fields[] = {
	    {"Host", field_host},
	    {"Content-Length", field_length},
	    {"Transfer-Encoding", field_coding},
	    {"Expect", field_expect},
	    {"Connection", field_connection},
	    {"If-None-Match", field_if_none_match},
	};
	struct view name, value;

	if (!field_split(p, line, &name, &value))
		return false;
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (equal_nocase(name, fields[i].name))
			return fields[i].parse(p, value);
	return true;
}

/* All fields are known: how does the body end? RFC 9112 6.3. */
static bool
fields_end(struct http_parse *p)
{
	bool expects_continue = p->expects_continue && p->minor > 0;

	p->expects_continue = false;
	if (!p->have_host && p->minor > 0)
		return bad(p, 400, "Host is missing");
	if (p->have_chunked && (p->have_length || p->minor == 0))
		return bad(p, 400, "Transfer-Encoding beside Content-Length or in HTTP/1.0");
	if (p->have_strange_expect && p->minor > 0)
		return bad(p, 417, "expectation unknown");
	if (p->left > HTTP_BODY_MAX)
		return bad(p, 413, "body too large");
	if (p->have_chunked)
		p->stage = HTTP_AT_CHUNK_SIZE;
	else if (p->have_length)
		p->stage = p->left ? HTTP_AT_BODY : HTTP_WHOLE;
	else if (p->method != HTTP_POST)
		p->stage = HTTP_WHOLE;
	else if (p->minor > 0)
		return bad(p, 411, "POST without a length");
	else
		p->stage = HTTP_AT_CLOSE;
	p->expects_continue = expects_continue && p->stage != HTTP_WHOLE;
	return true;
}

static bool
at_fields(struct http_parse *p, struct reader *in)
{
	struct view line;

	switch (line_take(p, in, HTTP_FIELDS_MAX - p->fields_size, &line)) {
	case LINE_PART:
		return false;
	case LINE_LONG:
		return bad(p, 431, "header fields too large");
	case LINE_ENDED:
		break;
	}
	p->fields_size += line.n;
	if (!line_strip(p, &line))
		return false;
	if (!line.n) {
		line_done(p);
		return fields_end(p);
	}
	if (++p->field_count > HTTP_FIELD_COUNT_MAX)
		return bad(p, 431, "too many header fields");
	if (!field_parse(p, line))
		return false;
	line_done(p);
	return true;
}

/* ---- body ---- */

/* Take what there is of p->left octets; true when all have come. */
static bool
left_take(struct http_parse *p, struct reader *in)
{
	size_t n = in->n < p->left ? in->n : (size_t)p->left;
	struct view piece;

	if (!read_view(in, n, &piece))
		return false;
	blob_add_view(&p->body, piece);
	p->left -= n;
	return p->left == 0;
}

static bool
at_body(struct http_parse *p, struct reader *in)
{
	if (!left_take(p, in))
		return false;
	p->stage = HTTP_WHOLE;
	return true;
}

/* RFC 9112 7.1: hex digits, then nothing or ";extension", which is ignored. */
static bool
chunk_size_parse(struct http_parse *p, struct view line)
{
	struct view digits = view_cut(&line, ';');

	if (!digits.n || digits.n > 16)
		return bad(p, 400, "chunk size missing or overflowing");
	if (!all(line, is_field_char))
		return bad(p, 400, "control character in a chunk extension");
	p->left = 0;
	for (size_t i = 0; i < digits.n; i++) {
		int v = hex_digit((char)digits.p[i]);

		if (v < 0)
			return bad(p, 400, "chunk size is no hex number");
		p->left = p->left << 4 | (unsigned)v;
	}
	if (p->left > HTTP_BODY_MAX - p->body.n)
		return bad(p, 413, "body too large");
	return true;
}

static bool
at_chunk_size(struct http_parse *p, struct reader *in)
{
	struct view line;

	switch (line_take(p, in, HTTP_CHUNK_LINE_MAX, &line)) {
	case LINE_PART:
		return false;
	case LINE_LONG:
		return bad(p, 400, "chunk extension too long");
	case LINE_ENDED:
		break;
	}
	if (!line_strip(p, &line) || !chunk_size_parse(p, line))
		return false;
	line_done(p);
	p->stage = p->left ? HTTP_AT_CHUNK : HTTP_AT_TRAILERS;
	return true;
}

static bool
at_chunk(struct http_parse *p, struct reader *in)
{
	if (!left_take(p, in))
		return false;
	p->stage = HTTP_AT_CHUNK_END;
	return true;
}

static bool
at_chunk_end(struct http_parse *p, struct reader *in)
{
	struct view line;

	switch (line_take(p, in, 2, &line)) {
	case LINE_PART:
		return false;
	case LINE_LONG:
		return bad(p, 400, "chunk longer than its size");
	case LINE_ENDED:
		break;
	}
	if (!line_strip(p, &line))
		return false;
	line_done(p);
	p->stage = HTTP_AT_CHUNK_SIZE;
	return true;
}

/* Trailers are checked for form and dropped. */
static bool
at_trailers(struct http_parse *p, struct reader *in)
{
	struct view line, name, value;

	switch (line_take(p, in, HTTP_TRAILERS_MAX - p->trailers_size, &line)) {
	case LINE_PART:
		return false;
	case LINE_LONG:
		return bad(p, 400, "trailers too large");
	case LINE_ENDED:
		break;
	}
	p->trailers_size += line.n;
	if (!line_strip(p, &line))
		return false;
	if (!line.n)
		p->stage = HTTP_WHOLE;
	else if (!field_split(p, line, &name, &value))
		return false;
	line_done(p);
	return true;
}

static bool
at_close(struct http_parse *p, struct reader *in)
{
	if (in->n > HTTP_BODY_MAX - p->body.n)
		return bad(p, 413, "body too large");
	p->left = in->n;
	(void)left_take(p, in);
	return false;
}

/* ---- door ---- */

size_t
http_parse_feed(struct http_parse *p, struct view in)
{
	/* A stage returns true when the next one may go on with what is left. */
	static bool (*const stages[])(struct http_parse * p, struct reader * in) = {
	    [HTTP_AT_LINE] = at_line,
	    [HTTP_AT_FIELDS] = at_fields,
	    [HTTP_AT_BODY] = at_body,
	    [HTTP_AT_CHUNK_SIZE] = at_chunk_size,
	    [HTTP_AT_CHUNK] = at_chunk,
	    [HTTP_AT_CHUNK_END] = at_chunk_end,
	    [HTTP_AT_TRAILERS] = at_trailers,
	    [HTTP_AT_CLOSE] = at_close,
	};
	struct reader r = reader_of(in);

	while (p->stage < HTTP_WHOLE && r.n && stages[p->stage](p, &r))
		;
	return in.n - r.n;
}

void
http_parse_end(struct http_parse *p)
{
	if (p->stage == HTTP_AT_CLOSE)
		p->stage = HTTP_WHOLE;
}
