/* import.c - a pair out of a file of another's. */
#include "keys/import.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

#define FILE_MAX ((size_t)256 * 1024)
#define BY_HAND "import"
#define BAGS_DEEP 4

struct found { /* in a file */
	EVP_PKEY *key;
	size_t keys;
	STACK_OF(X509) * certificates;
	const char *password;
};

bool
import_check(const struct key_job *job, struct err *e)
{
	const uint32_t form = job->forms & ~(uint32_t)KEY_FORM_LOOK;
	size_t n = strnlen(job->path, KEY_PATH_MAX);
	struct view rest = view_of(job->path, n), name = view_cut(&rest, '/'),
		    directory = view_cut(&rest, '/');

	if (n >= KEY_PATH_MAX || !export_is_word(name) || !view_equal_str(directory, BY_HAND) ||
	    !export_is_word(rest))
		return err_set(e, WHY_BAD_INPUT,
		    "path of an import: NAME/" BY_HAND "/FILE, both of A-Z a-z 0-9 . _ -");
	if (form != KEY_FORM_PEM && form != KEY_FORM_PKCS12)
		return err_set(e, WHY_BAD_INPUT, "forms 0x%x of an import", job->forms);
	return strnlen(job->password, sizeof(job->password)) < sizeof(job->password) ||
	       err_set(e, WHY_BAD_INPUT, "password of an import too long");
}

static bool
wrong_password(struct err *e)
{
	return err_set(e, WHY_BAD_INPUT, "the password is wrong");
}

/* ---- what is found ---- */

static bool
found_key(struct found *f, EVP_PKEY *key, struct err *e)
{
	if (key == NULL)
		return err_set(e, WHY_BAD_INPUT, "a private key in it cannot be read");
	f->keys++;
	EVP_PKEY_free(f->key);
	f->key = key;
	return true;
}

static bool
found_certificate(struct found *f, X509 *x, struct err *e)
{
	if (x != NULL && sk_X509_num(f->certificates) < KEY_CERTIFICATES_MAX &&
	    sk_X509_push(f->certificates, x) > 0)
		return true;
	X509_free(x);
	return x == NULL ? err_set(e, WHY_BAD_INPUT, "a certificate in it cannot be read")
			 : err_set(e, WHY_BAD_INPUT, "more than %d certificates",
			       KEY_CERTIFICATES_MAX);
}

static bool
found_pkcs8(struct found *f, PKCS8_PRIV_KEY_INFO *info, struct err *e)
{
	EVP_PKEY *key = info != NULL ? EVP_PKCS82PKEY(info) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	return found_key(f, key, e);
}

/* ---- PKCS#12 ---- */

static bool bags_read(
    struct found *f, const STACK_OF(PKCS12_SAFEBAG) * bags, int deep, struct err *e);

static bool
bag_read(struct found *f, const PKCS12_SAFEBAG *bag, int deep, struct err *e)
{
	PKCS8_PRIV_KEY_INFO *info;

	switch (PKCS12_SAFEBAG_get_nid(bag)) {
	case NID_keyBag:
		return found_key(f, EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag)), e);
	case NID_pkcs8ShroudedKeyBag:
		info = PKCS12_decrypt_skey(bag, f->password, -1);
		return info == NULL ? wrong_password(e) : found_pkcs8(f, info, e);
	case NID_certBag:
		return PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate ||
		       found_certificate(f, PKCS12_SAFEBAG_get1_cert(bag), e);
	case NID_safeContentsBag:
		return deep < BAGS_DEEP
			   ? bags_read(f, PKCS12_SAFEBAG_get0_safes(bag), deep + 1, e)
			   : err_set(e, WHY_BAD_INPUT, "its bags are too deep");
	default:
		return true;
	}
}

static bool
bags_read(struct found *f, const STACK_OF(PKCS12_SAFEBAG) * bags, int deep, struct err *e)
{
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++)
		if (!bag_read(f, sk_PKCS12_SAFEBAG_value(bags, i), deep, e))
			return false;
	return true;
}

static bool
safe_read(struct found *f, PKCS7 *p7, struct err *e)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	bool ok;

	if (PKCS7_type_is_data(p7))
		bags = PKCS12_unpack_p7data(p7);
	else if (PKCS7_type_is_encrypted(p7))
		bags = PKCS12_unpack_p7encdata(p7, f->password, -1);
	ok = bags != NULL ? bags_read(f, bags, 0, e)
			  : err_set(e, WHY_BAD_INPUT,
				"a part of it cannot be opened: another password, or a cipher "
				"that is not known here, as RC2");
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return ok;
}

static bool
pkcs12_read(struct found *f, struct view bytes, struct err *e)
{
	const unsigned char *at = bytes.p;
	PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)bytes.n);
	STACK_OF(PKCS7) *safes = NULL;
	bool ok = p12 != NULL || err_set(e, WHY_BAD_INPUT, "it is no PKCS#12");

	if (ok && PKCS12_mac_present(p12) && PKCS12_verify_mac(p12, f->password, -1) != 1)
		ok = wrong_password(e);
	if (ok) {
		safes = PKCS12_unpack_authsafes(p12);
		ok = safes != NULL || err_set(e, WHY_BAD_INPUT, "it is no PKCS#12 by password");
	}
	for (int i = 0; ok && i < sk_PKCS7_num(safes); i++)
		ok = safe_read(f, sk_PKCS7_value(safes, i), e);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	PKCS12_free(p12);
	return ok;
}

/* ---- PEM ---- */

static int
give_password(char *out, int size, int writing, void *arg)
{
	const char *password = arg;
	size_t n = strlen(password);

	(void)writing;
	if (n > (size_t)size)
		return -1;
	memcpy(out, password, n);
	return (int)n;
}

static bool
is_locked(const struct found *f, struct err *e)
{
	return f->password[0] != 0
		   ? wrong_password(e)
		   : err_set(e, WHY_BAD_INPUT,
			 "the private key is encrypted, and no password is given");
}

static bool
pem_certificate(struct found *f, const char *header, unsigned char *der, long n, struct err *e)
{
	const unsigned char *at = der;

	(void)header;
	return found_certificate(f, d2i_X509(NULL, &at, n), e);
}

static bool
pem_key(struct found *f, const char *header, unsigned char *der, long n, struct err *e)
{
	const unsigned char *at = der;
	EVP_CIPHER_INFO cipher;
	char *copy = mem_str(header); /* it is written to */
	bool ok =
	    PEM_get_EVP_CIPHER_INFO(copy, &cipher) == 1 &&
	    PEM_do_header(&cipher, der, &n, give_password, (void *)(uintptr_t)f->password) == 1;

	free(copy);
	return ok ? found_key(f, d2i_AutoPrivateKey(NULL, &at, n), e) : is_locked(f, e);
}

static bool
pem_sealed_key(struct found *f, const char *header, unsigned char *der, long n, struct err *e)
{
	const unsigned char *at = der;
	X509_SIG *sealed = d2i_X509_SIG(NULL, &at, n);
	PKCS8_PRIV_KEY_INFO *info =
	    sealed == NULL ? NULL
			   : PKCS8_decrypt(sealed, f->password, (int)strlen(f->password));
	bool readable = sealed != NULL;

	(void)header;
	X509_SIG_free(sealed);
	if (readable && info == NULL)
		return is_locked(f, e);
	return found_pkcs8(f, info, e);
}

static const struct {
	const char *name;
	bool (*read)(
	    struct found *f, const char *header, unsigned char *der, long n, struct err *e);
} blocks[] = {
    {PEM_STRING_X509, pem_certificate},
    {PEM_STRING_X509_OLD, pem_certificate},
    {PEM_STRING_PKCS8, pem_sealed_key},
    {PEM_STRING_PKCS8INF, pem_key},
    {PEM_STRING_RSA, pem_key},
    {PEM_STRING_ECPRIVATEKEY, pem_key},
};

static bool
pem_read(struct found *f, struct view bytes, struct err *e)
{
	BIO *bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	long n = 0;
	bool ok = bio != NULL;

	while (ok && PEM_read_bio(bio, &name, &header, &der, &n) == 1) {
		for (size_t i = 0; ok && i < COUNT_OF(blocks); i++)
			if (strcmp(name, blocks[i].name) == 0)
				ok = blocks[i].read(f, header, der, n, e);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)n);
	}
	BIO_free(bio);
	return ok;
}

/* ---- all ---- */

/* What a trustpoint can do something with: RSA, for SCEP wraps keys. */
static bool
key_check(const struct found *f, struct err *e)
{
	EVP_PKEY_CTX *c;
	int bits;
	bool ok;

	if (f->keys != 1)
		return f->keys == 0 ? err_set(e, WHY_BAD_INPUT, "no private key in it")
				    : err_set(e, WHY_BAD_INPUT,
					  "%zu private keys in it, one is wanted", f->keys);
	if (!EVP_PKEY_is_a(f->key, "RSA"))
		return err_set(e, WHY_BAD_INPUT,
		    "its key is not RSA: SCEP needs one that opens "
		    "envelopes");
	bits = EVP_PKEY_get_bits(f->key);
	if (bits < 1024 || bits > 8192 || bits % 8 != 0)
		return err_set(
		    e, WHY_BAD_INPUT, "its key has %d bits, 1024 to 8192 are possible", bits);
	c = EVP_PKEY_CTX_new(f->key, NULL);
	ok = c != NULL && EVP_PKEY_pairwise_check(c) == 1;
	EVP_PKEY_CTX_free(c);
	return ok || err_set(e, WHY_BAD_INPUT, "the halves of its key do not fit");
}

static bool
certificate_add(const X509 *x, struct blob *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);

	if (n > 0)
		blob_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return n > 0;
}

/* The pair's own first. */
static bool
certificates_take(const struct found *f, struct blob *out, struct err *e)
{
	int own = -1, n = sk_X509_num(f->certificates), of_key = 0;
	bool ok;

	for (int i = 0; i < n; i++)
		if (X509_check_private_key(sk_X509_value(f->certificates, i), f->key) == 1) {
			own = i;
			of_key++;
		}
	if (of_key != 1)
		return err_set(e, WHY_BAD_INPUT,
		    "%d of its %d certificates are for its private key, one is wanted", of_key,
		    n);
	ok = certificate_add(sk_X509_value(f->certificates, own), out);
	for (int i = 0; ok && i < n; i++)
		ok = i == own || certificate_add(sk_X509_value(f->certificates, i), out);
	return ok || err_set(e, WHY_CRYPTO, "a certificate cannot be encoded");
}

bool
import_read(const struct exports *x, const struct key_job *job, EVP_PKEY **key,
    struct blob *certificates, struct err *e)
{
	struct found f = {.certificates = sk_X509_new_null(), .password = job->password};
	struct blob path = {0}, bytes = {0}, list = {0};
	struct err why = {0};
	bool ok;

	blob_printf(&path, "%s/%s", x->dir, job->path);
	ok = f.certificates != NULL && file_read(blob_cstr(&path), FILE_MAX, &bytes, &why);
	if (ok)
		ok = (job->forms & KEY_FORM_PKCS12) != 0
			 ? pkcs12_read(&f, blob_view(&bytes), &why)
			 : pem_read(&f, blob_view(&bytes), &why);
	ok = ok && key_check(&f, &why) && certificates_take(&f, &list, &why);
	if (ok) {
		blob_set(certificates, blob_view(&list));
		*key = f.key;
		f.key = NULL;
	} else {
		err_set(e, WHY_BAD_INPUT, "%s", why.text);
	}
	EVP_PKEY_free(f.key);
	sk_X509_pop_free(f.certificates, X509_free);
	blob_free(&path);
	blob_free(&bytes);
	blob_free(&list);
	ERR_clear_error();
	return ok;
}
