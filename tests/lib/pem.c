/* pem.c - reads and writes files of test clients. */
#include "lib/pem.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_HEX (8 * 1024 * 1024)

EVP_PKEY *
pem_key(const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key = f == NULL ? NULL : PEM_read_PrivateKey(f, NULL, NULL, NULL);

	if (f != NULL)
		(void)fclose(f);
	if (key == NULL)
		err_set(e, WHY_IO, "%s: no key", path);
	return key;
}

X509 *
pem_cert(const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	X509 *cert = f == NULL ? NULL : PEM_read_X509(f, NULL, NULL, NULL);

	if (f != NULL)
		(void)fclose(f);
	if (cert == NULL)
		err_set(e, WHY_IO, "%s: no certificate", path);
	return cert;
}

bool
pem_write(const char *path, X509 *cert, X509_CRL *crl, struct err *e)
{
	FILE *f = path == NULL ? NULL : fopen(path, "we");
	bool ok = f != NULL &&
		  (cert != NULL ? PEM_write_X509(f, cert) : PEM_write_X509_CRL(f, crl)) == 1;

	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	return path == NULL || ok || err_set(e, WHY_IO, "%s: cannot write", path);
}

bool
file_octets(const char *path, struct blob *out, struct err *e)
{
	FILE *f = fopen(path, "re");
	uint8_t buffer[65536];

	if (f == NULL)
		return err_set(e, WHY_IO, "%s: cannot be read", path);
	blob_add(out, buffer, fread(buffer, 1, sizeof(buffer), f));
	(void)fclose(f);
	return true;
}

bool
hex_line(FILE *f, struct blob *out, struct err *e)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n = getline(&line, &size, f);
	bool ok = n > 1 && n <= LINE_MAX_HEX;

	if (ok) {
		line[strcspn(line, "\n")] = 0;
		ok = hex_decode(line, out);
	}
	free(line);
	return ok || err_set(e, WHY_IO, "no answer came");
}
