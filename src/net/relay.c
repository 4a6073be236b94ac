/* relay.c - messages between front and core. */
#include <string.h>

#include "net/net.h"

enum kind { KIND_ASK = 1, KIND_SAY = 2, KIND_PROFILE = 3, KIND_CLOCK = 4 };

#define RETRY_MAX (366 * DAY)

/* What lands in a log line, a header field or a table key is plain text whoever sent it. */
static bool
is_name_char(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

static bool
is_source_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr(".:%-/", c));
}

static bool
is_type_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("/.+-", c));
}

static bool
read_text(struct reader *r, bool (*is)(uint8_t), char out[64])
{
	struct view v;

	if (!read_sized(r, &v) || v.n > 63)
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (!is(v.p[i]))
			return false;
	if (v.n)
		memcpy(out, v.p, v.n);
	out[v.n] = '\0';
	return true;
}

static bool
read_kind(struct reader *r, enum kind kind)
{
	uint8_t k;

	return read_u8(r, &k) && k == kind;
}

static bool
read_op(struct reader *r, enum scep_op *op)
{
	uint8_t v;

	if (!read_u8(r, &v) || v == OP_NONE || v > OP_CRL)
		return false;
	*op = (enum scep_op)v;
	return true;
}

static bool
read_when(struct reader *r, when_t *t)
{
	uint64_t v;

	if (!read_u64(r, &v))
		return false;
	*t = (when_t)v;
	return true;
}

void
front_ask_encode(const struct front_ask *a, struct blob *out)
{
	blob_add_byte(out, KIND_ASK);
	blob_add_u64(out, a->id);
	blob_add_byte(out, (uint8_t)a->op);
	blob_add_sized(out, view_str(a->ca));
	blob_add_sized(out, view_str(a->profile));
	blob_add_sized(out, view_str(a->source));
	blob_add_sized(out, a->body);
}

bool
front_ask_decode(struct view v, struct front_ask *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct front_ask a = {0};

	if (!read_kind(&r, KIND_ASK) || !read_u64(&r, &a.id) || !read_op(&r, &a.op))
		return err_set(e, WHY_BAD_INPUT,
		    "ask of %zu octets: no ask, or an unknown operation", v.n);
	if (!a.id)
		return err_set(e, WHY_BAD_INPUT, "ask without a number");
	if (!read_text(&r, is_name_char, a.ca))
		return err_set(
		    e, WHY_BAD_INPUT, "ask %llu: name of a CA", (unsigned long long)a.id);
	if (!read_text(&r, is_name_char, a.profile))
		return err_set(
		    e, WHY_BAD_INPUT, "ask %llu: name of a profile", (unsigned long long)a.id);
	if (!read_text(&r, is_source_char, a.source))
		return err_set(
		    e, WHY_BAD_INPUT, "ask %llu: source address", (unsigned long long)a.id);
	if (!read_sized(&r, &a.body) || a.body.n > HTTP_BODY_MAX)
		return err_set(e, WHY_BAD_INPUT, "ask %llu: body", (unsigned long long)a.id);
	if (r.n)
		return err_set(e, WHY_BAD_INPUT, "ask %llu: %zu octets too many",
		    (unsigned long long)a.id, r.n);
	*out = a;
	return true;
}

void
front_say_encode(const struct front_say *a, struct blob *out)
{
	blob_add_byte(out, KIND_SAY);
	blob_add_u64(out, a->id);
	blob_add_u16(out, (uint16_t)a->status);
	blob_add_u32(out, (uint32_t)a->retry_after);
	blob_add_sized(out, view_str(a->type));
	blob_add_sized(out, a->body);
	if (a->id)
		return;
	blob_add_byte(out, (uint8_t)a->op);
	blob_add_sized(out, view_str(a->ca));
	blob_add_u64(out, (uint64_t)a->valid_from);
	blob_add_u64(out, (uint64_t)a->valid_until);
}

static bool
published_decode(struct reader *r, struct front_say *a, struct err *e)
{
	if (!read_op(r, &a->op) || a->op == OP_PKIOPERATION)
		return err_set(e, WHY_BAD_INPUT, "published object of no public operation");
	if (!read_text(r, is_name_char, a->ca) || !a->ca[0])
		return err_set(e, WHY_BAD_INPUT, "published object without a name");
	if (!read_when(r, &a->valid_from) || !read_when(r, &a->valid_until) ||
	    a->valid_from >= a->valid_until)
		return err_set(
		    e, WHY_BAD_INPUT, "object published for '%s' is never valid", a->ca);
	if (a->status != 200 || (a->body.n && !a->type[0]))
		return err_set(e, WHY_BAD_INPUT,
		    "object published for '%s': status %d, type '%s'", a->ca, a->status,
		    a->type);
	return true;
}

bool
front_say_decode(struct view v, struct front_say *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct front_say a = {0};
	uint16_t status;
	uint32_t retry;

	if (!read_kind(&r, KIND_SAY) || !read_u64(&r, &a.id) || !read_u16(&r, &status) ||
	    !read_u32(&r, &retry))
		return err_set(e, WHY_BAD_INPUT, "answer of %zu octets: no answer", v.n);
	if (status < 200 || status > 599 || retry > RETRY_MAX)
		return err_set(
		    e, WHY_BAD_INPUT, "answer with status %u, retry after %u", status, retry);
	a.status = status;
	a.retry_after = (int)retry;
	if (!read_text(&r, is_type_char, a.type) || (a.type[0] && !strchr(a.type, '/')))
		return err_set(e, WHY_BAD_INPUT, "answer whose media type is none");
	if (!read_sized(&r, &a.body))
		return err_set(e, WHY_BAD_INPUT, "answer: body");
	if (!a.id && !published_decode(&r, &a, e))
		return false;
	if (r.n)
		return err_set(e, WHY_BAD_INPUT, "answer: %zu octets too many", r.n);
	*out = a;
	return true;
}

void
front_profile_encode(const struct front_profile *p, struct blob *out)
{
	blob_add_byte(out, KIND_PROFILE);
	blob_add_sized(out, view_str(p->name));
	blob_add_sized(out, view_str(p->ca));
}

bool
front_profile_decode(struct view v, struct front_profile *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct front_profile p = {0};

	if (!read_kind(&r, KIND_PROFILE) || !read_text(&r, is_name_char, p.name) ||
	    !read_text(&r, is_name_char, p.ca) || !p.name[0] || !p.ca[0] || r.n)
		return err_set(e, WHY_BAD_INPUT, "profile of %zu octets: no profile", v.n);
	*out = p;
	return true;
}

void
front_clock_encode(const struct front_clock *c, struct blob *out)
{
	blob_add_byte(out, KIND_CLOCK);
	blob_add_u64(out, (uint64_t)c->floor);
	blob_add_u64(out, (uint64_t)c->ceiling);
}

bool
front_clock_decode(struct view v, struct front_clock *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct front_clock c;

	if (!read_kind(&r, KIND_CLOCK) || !read_when(&r, &c.floor) ||
	    !read_when(&r, &c.ceiling) || r.n > 0 || c.floor > c.ceiling)
		return err_set(e, WHY_BAD_INPUT, "clock of %zu octets", v.n);
	*out = c;
	return true;
}
