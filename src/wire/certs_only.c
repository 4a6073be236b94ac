/* certs_only.c - SignedData without signers: certificates and CRLs. */
#include "wire/cms.h"

/* An optional [n] whose elements must all be SEQUENCEs; *out stays empty when it is absent. */
static bool
list_take(struct reader *r, uint8_t tag, const char *what, struct view *out, struct err *e)
{
	struct der list;
	size_t n;

	*out = (struct view){0};
	if (!der_next_is(r, tag))
		return true;
	if (!der_take(r, tag, what, &list, e) ||
	    !cms_count(list.body, DER_SEQUENCE, what, &n, e))
		return false;
	*out = list.body;
	return true;
}

void
certs_only_encode(struct view certificates, struct view crls, struct blob *out)
{
	struct der_writer w = {.out = out};

	cms_begin(&w, OID_SIGNED_DATA);
	der_put_uint(&w, 1);
	der_put(&w, DER_SET, (struct view){0});
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, OID_DATA);
	der_close(&w);
	if (certificates.n > 0)
		der_put(&w, DER_CONTEXT(0), certificates);
	if (crls.n > 0)
		der_put(&w, DER_CONTEXT(1), crls);
	der_put(&w, DER_SET, (struct view){0});
	cms_finish(&w);
}

bool
certs_only_decode(struct view der, struct blob *scratch, struct view *certificates,
    struct view *crls, struct err *e)
{
	struct view type, certs, lists;
	struct der content, d;
	struct reader r;
	size_t n;
	int version;

	if (!cms_normalise(der, scratch, &der, e) || !cms_open(der, &type, &content, e))
		return false;
	if (!view_equal(type, OID_SIGNED_DATA) || content.tag != DER_SEQUENCE)
		return err_set(e, WHY_BAD_INPUT, "certs-only: not SignedData (RFC 8894 3.4)");
	r = reader_of(content.body);
	if (!cms_version(&r, "SignedData version", &version, e) ||
	    !der_take(&r, DER_SET, "digestAlgorithms", &d, e) ||
	    !cms_count(d.body, DER_SEQUENCE, "digestAlgorithms", &n, e) ||
	    !der_take(&r, DER_SEQUENCE, "encapContentInfo", &d, e) ||
	    !list_take(&r, DER_CONTEXT(0), "certificates", &certs, e) ||
	    !list_take(&r, DER_CONTEXT(1), "crls", &lists, e) ||
	    !der_take(&r, DER_SET, "signerInfos", &d, e) || !der_end(&r, "SignedData", e))
		return false;
	if (version < 1)
		return err_set(e, WHY_BAD_INPUT, "certs-only: unknown SignedData version");
	if (d.body.n > 0)
		return err_set(e, WHY_BAD_INPUT, "certs-only: has a signer (RFC 8894 3.4)");
	*certificates = certs;
	*crls = lists;
	return true;
}
