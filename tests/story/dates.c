/* dates.c - how dates of certificates and lists are written. */
#include <openssl/x509.h>

#include "tests/story/story.h"

#define YEAR_2050 150 /* of struct tm */

/* RFC 5280 4.1.2.5: UTCTime through 2049, from 2050 on GeneralizedTime, to the second, in Z. */
static bool
written(const ASN1_TIME *t)
{
	bool utc = ASN1_STRING_type(t) == V_ASN1_UTCTIME;
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 && utc == (tm.tm_year < YEAR_2050) &&
	       ASN1_STRING_length(t) == (utc ? 13 : 15) &&
	       ASN1_STRING_get0_data(t)[ASN1_STRING_length(t) - 1] == 'Z';
}

bool
cert_dates_written(struct view der, struct err *e)
{
	const uint8_t *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	bool ok =
	    x != NULL && written(X509_get0_notBefore(x)) && written(X509_get0_notAfter(x));

	X509_free(x);
	return ok || err_set(e, WHY_REFUSED, "a date of the certificate is written wrongly");
}

bool
crl_dates_written(struct view der, struct err *e)
{
	const uint8_t *p = der.p;
	X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)der.n);
	bool ok = x != NULL && written(X509_CRL_get0_lastUpdate(x)) &&
		  written(X509_CRL_get0_nextUpdate(x));
	STACK_OF(X509_REVOKED) *entries = ok ? X509_CRL_get_REVOKED(x) : NULL;

	for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
		ok = ok && written(X509_REVOKED_get0_revocationDate(
			       sk_X509_REVOKED_value(entries, i)));
	X509_CRL_free(x);
	return ok || err_set(e, WHY_REFUSED, "a date of the list is written wrongly");
}
