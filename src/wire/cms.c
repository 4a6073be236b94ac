/* cms.c - ContentInfo, versions, algorithms, issuer and serial. */
#include "wire/cms.h"

const struct view OID_DATA = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
const struct view OID_SIGNED_DATA = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02");
const struct view OID_RSA = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01");

bool
cms_normalise(struct view in, struct blob *scratch, struct view *out, struct err *e)
{
	size_t n;

	if (in.n > CMS_MAX)
		return err_set(e, WHY_BAD_INPUT, "CMS: %zu octets, limit %zu", in.n, CMS_MAX);
	blob_clear(scratch);
	if (!ber_normalise(in, scratch, out, e))
		return false;
	n = scratch->n;
	if (n > 0) {
		/* Room for a part of it to be sorted behind it: the views must not move. */
		blob_grow(scratch, 2 * n + 64);
		scratch->n = n;
		*out = blob_view(scratch);
	}
	return true;
}

bool
cms_open(struct view der, struct view *type, struct der *content, struct err *e)
{
	struct reader r = reader_of(der), in;
	struct der info, explicit;
	struct view oid;

	if (!der_take(&r, DER_SEQUENCE, "ContentInfo", &info, e) ||
	    !der_end(&r, "ContentInfo", e))
		return false;
	in = reader_of(info.body);
	if (!der_take_oid(&in, "contentType", &oid, e) ||
	    !der_take(&in, DER_CONTEXT(0), "content", &explicit, e) ||
	    !der_end(&in, "ContentInfo", e))
		return false;
	in = reader_of(explicit.body);
	if (!der_any(&in, content, e) || !der_end(&in, "content", e))
		return false;
	*type = oid;
	return true;
}

bool
cms_version(struct reader *r, const char *what, int *out, struct err *e)
{
	struct der d;
	size_t i = 0;

	if (!der_take(r, DER_INTEGER, what, &d, e))
		return false;
	if (d.body.n == 0)
		return err_set(e, WHY_BAD_INPUT, "%s: INTEGER without octets", what);
	while (i + 1 < d.body.n && d.body.p[i] == 0)
		i++;
	*out = i + 1 == d.body.n && d.body.p[i] <= 5 ? d.body.p[i] : -1;
	return true;
}

bool
cms_count(struct view body, uint8_t tag, const char *what, size_t *out, struct err *e)
{
	struct reader r = reader_of(body);
	struct der d;
	size_t n = 0;

	for (; r.n > 0; n++) {
		if (n == CMS_ELEMENTS_MAX)
			return err_set(
			    e, WHY_BAD_INPUT, "%s: more than %d", what, CMS_ELEMENTS_MAX);
		if (!(tag == 0 ? der_any(&r, &d, e) : der_take(&r, tag, what, &d, e)))
			return false;
	}
	*out = n;
	return true;
}

bool
cms_is_null(struct view parameters)
{
	return parameters.n == 0 || view_equal(parameters, VIEW("\x05\x00"));
}

void
cms_begin(struct der_writer *w, struct view type)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, type);
	der_open(w, DER_CONTEXT(0));
	der_open(w, DER_SEQUENCE);
}

void
cms_finish(struct der_writer *w)
{
	der_close(w);
	der_close(w);
	der_close(w);
}

void
cms_put_algorithm(struct der_writer *w, struct view oid)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid);
	der_put_null(w);
	der_close(w);
}

/* Both by octets as they stand: old IOS compares them so, negative and padded serials included.
 */
void
cms_put_issuer_and_serial(struct der_writer *w, struct view issuer, struct view serial)
{
	der_open(w, DER_SEQUENCE);
	der_put_raw(w, issuer);
	der_put(w, DER_INTEGER, serial);
	der_close(w);
}

void
issuer_and_serial_encode(struct view issuer, struct view serial, struct blob *out)
{
	struct der_writer w = {.out = out};

	cms_put_issuer_and_serial(&w, issuer, serial);
}

bool
issuer_and_serial_decode(
    struct view der, struct view *issuer, struct view *serial, struct err *e)
{
	struct reader r = reader_of(der);
	struct der both, name, number;

	if (!der_take(&r, DER_SEQUENCE, "IssuerAndSerialNumber", &both, e) ||
	    !der_end(&r, "IssuerAndSerialNumber", e))
		return false;
	r = reader_of(both.body);
	if (!der_take(&r, DER_SEQUENCE, "issuer", &name, e) ||
	    !der_take(&r, DER_INTEGER, "serialNumber", &number, e) ||
	    !der_end(&r, "IssuerAndSerialNumber", e))
		return false;
	if (!name_check(name.whole, e))
		return err_prefix(e, "issuer");
	if (number.body.n == 0)
		return err_set(e, WHY_BAD_INPUT, "serialNumber: INTEGER without octets");
	*issuer = name.whole;
	*serial = number.body;
	return true;
}

void
issuer_and_subject_encode(struct view issuer, struct view subject, struct blob *out)
{
	struct der_writer w = {.out = out};

	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, issuer);
	der_put_raw(&w, subject);
	der_close(&w);
}
