/* message.c - the signer's protocol. */
#include "keys/message.h"

#include <string.h>

#define ID_AT 20

/* What each act uses beyond id, act and label. */
enum {
	USES_KIND = 1 << 0,
	USES_BITS = 1 << 1,
	USES_SIGN = 1 << 2,
	USES_UNWRAP = 1 << 3,
	USES_BYTES = 1 << 4,
	USES_FILES = 1 << 5, /* path, forms and password */
};
static const uint8_t uses[] = {
    [KEY_MAKE] = USES_KIND | USES_BITS,
    [KEY_SIGN] = USES_SIGN | USES_BYTES,
    [KEY_UNWRAP] = USES_UNWRAP | USES_BYTES,
    [KEY_GRANT] = USES_BITS | USES_BYTES,
    [KEY_ARCHIVE] = USES_BYTES,
    [KEY_FORGET] = 0,
    [KEY_EXPORT] = USES_BYTES | USES_FILES,
    [KEY_IMPORT] = USES_FILES,
};

static void
label_encode(const char label[KEY_LABEL_MAX], struct blob *out)
{
	size_t n = strnlen(label, KEY_LABEL_MAX - 1);
	uint8_t *at = blob_grow(out, KEY_LABEL_MAX);

	memset(at, 0, KEY_LABEL_MAX);
	memcpy(at, label, n);
}

static void
fixed_encode(const struct key_job *j, struct blob *out)
{
	unsigned u = uses[j->act];
	bool sign = (u & USES_SIGN) != 0, unwrap = (u & USES_UNWRAP) != 0;

	blob_add_byte(out, MESSAGE_VERSION);
	blob_add_byte(out, (uint8_t)j->act);
	blob_add_byte(out, (u & USES_KIND) != 0 ? (uint8_t)j->kind : 0);
	blob_add_byte(out, sign ? (uint8_t)j->as : 0);
	blob_add_byte(out, sign ? (uint8_t)j->alg.key : 0);
	blob_add_byte(out, sign ? (uint8_t)j->alg.hash : 0);
	blob_add_byte(out, sign ? (uint8_t)j->alg.padding : 0);
	blob_add_byte(out, unwrap ? (uint8_t)j->padding : 0);
	blob_add_byte(out, unwrap ? (uint8_t)j->oaep_hash : 0);
	blob_add_byte(out, unwrap && j->stranger);
	blob_add_u16(out, unwrap ? (uint16_t)(j->want > UINT16_MAX ? UINT16_MAX : j->want) : 0);
	blob_add_u32(out, (u & USES_BITS) != 0	  ? (uint32_t)j->bits
			  : (u & USES_FILES) != 0 ? j->forms
						  : 0);
	blob_add_u32(out, sign ? (uint32_t)j->alg.salt : 0);
	blob_add_u64(out, j->id);
	blob_add_u64(out, sign ? j->intent : 0);
	label_encode(j->label, out);
}

static void
text_encode(const char *text, size_t size, struct blob *out)
{
	blob_add_sized(out, view_of(text, strnlen(text, size - 1)));
}

void
job_encode(const struct key_job *job, struct blob *out)
{
	fixed_encode(job, out);
	blob_add_sized(out, (uses[job->act] & USES_BYTES) != 0 ? job->bytes : view_of(NULL, 0));
	if ((uses[job->act] & USES_FILES) == 0)
		return;
	text_encode(job->path, sizeof(job->path), out);
	text_encode(job->password, sizeof(job->password), out);
}

static bool
read_int(struct reader *r, int *out)
{
	uint32_t v;

	if (!read_u32(r, &v) || v > INT32_MAX)
		return false;
	*out = (int)v;
	return true;
}

static bool
read_label(struct reader *r, char out[KEY_LABEL_MAX])
{
	struct view v;

	if (!read_view(r, KEY_LABEL_MAX, &v) || v.p[KEY_LABEL_MAX - 1] != 0)
		return false;
	memcpy(out, v.p, KEY_LABEL_MAX);
	return true;
}

static bool
read_chars(struct reader *r, char *out, size_t size)
{
	struct view v;

	if (!read_sized(r, &v) || v.n >= size || memchr(v.p, 0, v.n) != NULL)
		return false;
	memcpy(out, v.p, v.n);
	out[v.n] = 0;
	return true;
}

/* Each octet of the first ten has a highest value. */
static bool
octets_in_range(const uint8_t f[10])
{
	static const uint8_t highest[10] = {MESSAGE_VERSION, KEY_IMPORT, KEY_EC, SIGN_MESSAGE,
	    KEY_EC, HASH_SHA512, PADDING_ECDSA, PADDING_OAEP, HASH_SHA512, 1};

	for (int i = 0; i < 10; i++)
		if (f[i] > highest[i])
			return false;
	return f[0] == MESSAGE_VERSION;
}

static bool
fixed_decode(struct reader *r, struct key_job *j)
{
	struct view f;
	uint16_t want;

	if (!read_view(r, 10, &f) || !octets_in_range(f.p) || !read_u16(r, &want) ||
	    !read_int(r, &j->bits) || !read_int(r, &j->alg.salt) || !read_u64(r, &j->id) ||
	    !read_u64(r, &j->intent) || !read_label(r, j->label))
		return false;
	j->act = (enum key_act)f.p[1];
	j->kind = (enum key_kind)f.p[2];
	j->as = (enum sign_as)f.p[3];
	j->alg.key = (enum key_kind)f.p[4];
	j->alg.hash = (enum hash)f.p[5];
	j->alg.padding = (enum padding)f.p[6];
	j->padding = (enum padding)f.p[7];
	j->oaep_hash = (enum hash)f.p[8];
	j->stranger = f.p[9] != 0;
	j->want = want;
	if ((uses[j->act] & USES_FILES) != 0) {
		j->forms = (uint32_t)j->bits;
		j->bits = 0;
	}
	return true;
}

/* Would the encoder have written exactly this? */
static bool
fixed_canonical(struct view message, const struct key_job *j)
{
	struct blob b = {0};
	bool same;

	fixed_encode(j, &b);
	same = view_equal(blob_view(&b), view_of(message.p, MESSAGE_FIXED));
	blob_free(&b);
	return same;
}

bool
job_decode(struct view message, struct key_job *out, uint64_t *id, struct err *e)
{
	struct reader r = reader_of(message);
	struct key_job j = {0};

	*id = 0;
	if (message.n >= ID_AT + 8) {
		struct reader at = reader_of(view_of(message.p + ID_AT, 8));

		if (!read_u64(&at, id))
			*id = 0;
	}
	if (!fixed_decode(&r, &j))
		return err_set(
		    e, WHY_BAD_INPUT, "job of %zu octets breaks the layout", message.n);
	if (!read_sized(&r, &j.bytes) ||
	    ((uses[j.act] & USES_FILES) != 0 &&
		(!read_chars(&r, j.path, sizeof(j.path)) ||
		    !read_chars(&r, j.password, sizeof(j.password)))) ||
	    r.n != 0)
		return err_set(e, WHY_BAD_INPUT,
		    "job of %zu octets: bytes are cut or something follows", message.n);
	if (!fixed_canonical(message, &j) || (j.bytes.n > 0 && (uses[j.act] & USES_BYTES) == 0))
		return err_set(e, WHY_BAD_INPUT, "job has fields that its act does not use");
	*out = j;
	return true;
}

void
done_encode(const struct key_done *done, struct blob *out)
{
	blob_add_byte(out, MESSAGE_VERSION);
	blob_add_byte(out, (uint8_t)done->why);
	blob_add_u64(out, done->id);
	blob_add_sized(out, view_of(done->text, strnlen(done->text, sizeof(done->text) - 1)));
	blob_add_sized(out, blob_view(&done->bytes));
}

bool
done_decode(struct view message, struct key_done *out, struct err *e)
{
	struct reader r = reader_of(message);
	struct key_done d = {0};
	struct view text, bytes;
	uint8_t version, why;

	if (!read_u8(&r, &version) || version != MESSAGE_VERSION || !read_u8(&r, &why) ||
	    why > WHY_BUG || !read_u64(&r, &d.id) || !read_sized(&r, &text) ||
	    text.n >= sizeof(d.text) || !read_sized(&r, &bytes) || r.n != 0)
		return err_set(
		    e, WHY_BAD_INPUT, "answer of %zu octets breaks the layout", message.n);
	d.why = (enum why)why;
	memcpy(d.text, text.p, text.n);
	if (bytes.n > 0)
		blob_set(&d.bytes, bytes);
	*out = d;
	return true;
}
