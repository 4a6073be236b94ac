/* test_alg.c - digests, algorithm identifiers, public keys. */
/* BAD-083, BAD-118, BAD-119, CP-11, CP-18 */
#include "wire_oracle.h"

static void
hashes_as_published(void **state)
{
	static const struct {
		enum hash hash;
		const char *name, *hex;
	} cases[] = {
	    {HASH_MD5, "md5", "900150983cd24fb0d6963f7d28e17f72"},
	    {HASH_SHA1, "sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
	    {HASH_SHA256, "sha256",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {HASH_SHA384, "sha384",
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7"},
	    {HASH_SHA512, "sha512",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	};
	uint8_t out[HASH_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(hash_bytes(cases[i].hash, VIEW("abc"), out, NULL));
		assert_hex(view_of(out, hash_size(cases[i].hash)), cases[i].hex);
		assert_string_equal(hash_name(cases[i].hash), cases[i].name);
	}
	assert_false(hash_bytes(HASH_NONE, VIEW("abc"), out, NULL));
	sha256(VIEW("abc"), out);
	assert_hex(view_of(out, 32), cases[2].hex);
	assert_true(sha256_8(VIEW("abc")) == (int64_t)0xba7816bf8f01cfeaULL);
}

static void
knows_ciphers(void **state)
{
	static const struct {
		enum cipher cipher;
		const char *stock;
	} cases[] = {{CIPHER_DES3, "DES-EDE3-CBC"}, {CIPHER_AES128, "AES-128-CBC"},
	    {CIPHER_AES192, "AES-192-CBC"}, {CIPHER_AES256, "AES-256-CBC"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, cases[i].stock, NULL);

		assert_int_equal(
		    cipher_key_size(cases[i].cipher), EVP_CIPHER_get_key_length(c));
		assert_int_equal(
		    cipher_block_size(cases[i].cipher), EVP_CIPHER_get_block_size(c));
		EVP_CIPHER_free(c);
	}
	assert_int_equal(cipher_key_size(CIPHER_DES), 8);
	assert_string_equal(cipher_name(CIPHER_AES128), "aes128");
}

/* The same octets as the library writes into a certificate, and back. */
static void
signature_algorithms_as_stock_cp18(void **state)
{
	static const struct {
		struct sig_alg alg;
		int nid;
	} cases[] = {
	    {{KEY_RSA, HASH_MD5, PADDING_PKCS1, 0}, NID_md5WithRSAEncryption},
	    {{KEY_RSA, HASH_SHA1, PADDING_PKCS1, 0}, NID_sha1WithRSAEncryption},
	    {{KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0}, NID_sha256WithRSAEncryption},
	    {{KEY_RSA, HASH_SHA384, PADDING_PKCS1, 0}, NID_sha384WithRSAEncryption},
	    {{KEY_RSA, HASH_SHA512, PADDING_PKCS1, 0}, NID_sha512WithRSAEncryption},
	    {{KEY_NONE, HASH_NONE, PADDING_PKCS1, 0}, NID_rsaEncryption},
	    {{KEY_EC, HASH_SHA1, PADDING_ECDSA, 0}, NID_ecdsa_with_SHA1},
	    {{KEY_EC, HASH_SHA256, PADDING_ECDSA, 0}, NID_ecdsa_with_SHA256},
	    {{KEY_EC, HASH_SHA384, PADDING_ECDSA, 0}, NID_ecdsa_with_SHA384},
	    {{KEY_EC, HASH_SHA512, PADDING_ECDSA, 0}, NID_ecdsa_with_SHA512},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob out = {0};
		struct der_writer w = {.out = &out};
		bool rsa = cases[i].alg.padding == PADDING_PKCS1;
		X509_ALGOR *stock = X509_ALGOR_new();
		struct sig_alg back = {0};
		uint8_t *p = NULL;
		int n;

		X509_ALGOR_set0(
		    stock, OBJ_nid2obj(cases[i].nid), rsa ? V_ASN1_NULL : V_ASN1_UNDEF, NULL);
		n = i2d_X509_ALGOR(stock, &p);
		sig_alg_encode(&w, &cases[i].alg);
		assert_true(view_equal(blob_view(&out), view_of(p, (size_t)n)));
		assert_true(sig_alg_decode(blob_view(&out), &back, NULL));
		assert_memory_equal(&back, &cases[i].alg, sizeof(back));
		OPENSSL_free(p);
		X509_ALGOR_free(stock);
		blob_free(&out);
	}
}

static const struct {
	const char *says, *hex;
	bool good;
} algorithms[] = {
    {"sha256WithRSA without parameters", "300b06092a864886f70d01010b", true},
    {"sha256WithRSA with a SEQUENCE", "300f06092a864886f70d01010b30020500", false},
    {"ECDSA with NULL", "300c06082a8648ce3d0403020500", false},
    {"md2WithRSA", "300d06092a864886f70d0101020500", false},
    {"BAD-120 Ed25519", "300506032b6570", false},
    {"PSS, all defaults", "300d06092a864886f70d01010a3000", true},
    {"PSS without parameters", "300b06092a864886f70d01010a", false},
    {"octets behind", "300b06092a864886f70d01010b00", false},
    {"BAD-051 no octets in the OID", "30020600", false},
    {"BAD-051 padded OID", "300406028001", false},
    {"BAD-051 unfinished OID", "300406022a86", false},
};

static void
refuses_algorithms(void **state)
{
	struct blob in = {0};
	struct sig_alg a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
		unhex(algorithms[i].hex, &in);
		if (sig_alg_decode(blob_view(&in), &a, NULL) != algorithms[i].good)
			fail_msg("%s", algorithms[i].says);
	}
	blob_free(&in);
}

/* The library makes a PSS-signed certificate; its AlgorithmIdentifier is read and written
 * alike. */
static void
pss_as_stock(void **state)
{
	static const struct {
		const char *digest;
		enum hash hash;
		int salt;
	} cases[] = {{"SHA256", HASH_SHA256, 32}, {"SHA384", HASH_SHA384, 48},
	    {"SHA512", HASH_SHA512, 20}, {"SHA1", HASH_SHA1, 20}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		EVP_PKEY_CTX *pctx;
		X509 *x = X509_new();
		const X509_ALGOR *stock;
		struct blob out = {0};
		struct der_writer w = {.out = &out};
		struct sig_alg a = {0};
		uint8_t *p = NULL;
		int n;

		X509_set_pubkey(x, key_rsa());
		assert_int_equal(EVP_DigestSignInit_ex(
				     ctx, &pctx, cases[i].digest, NULL, NULL, key_rsa(), NULL),
		    1);
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, cases[i].salt);
		assert_true(X509_sign_ctx(x, ctx) > 0);
		stock = X509_get0_tbs_sigalg(x);
		n = i2d_X509_ALGOR(stock, &p);
		assert_true(sig_alg_decode(view_of(p, (size_t)n), &a, NULL));
		assert_int_equal(a.key, KEY_RSA);
		assert_int_equal(a.padding, PADDING_PSS);
		assert_int_equal(a.hash, cases[i].hash);
		assert_int_equal(a.salt, cases[i].salt);
		sig_alg_encode(&w, &a);
		assert_true(view_equal(blob_view(&out), view_of(p, (size_t)n)));
		OPENSSL_free(p);
		X509_free(x);
		EVP_MD_CTX_free(ctx);
		blob_free(&out);
	}
}

static void
check_rsa(int bits)
{
	EVP_PKEY *key = EVP_RSA_gen((unsigned)bits);
	struct blob spki = {0};
	struct spki k;
	BIGNUM *n = NULL, *e = NULL;
	uint8_t octets[512];

	key_spki(key, &spki);
	assert_true(spki_decode(blob_view(&spki), &k, NULL));
	assert_int_equal(k.kind, KEY_RSA);
	assert_int_equal(k.bits, EVP_PKEY_get_bits(key));
	assert_int_equal(EVP_PKEY_get_bn_param(key, "n", &n), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(key, "e", &e), 1);
	assert_true(view_equal(k.modulus, view_of(octets, (size_t)BN_bn2bin(n, octets))));
	assert_true(view_equal(k.exponent, view_of(octets, (size_t)BN_bn2bin(e, octets))));
	BN_free(n);
	BN_free(e);
	blob_free(&spki);
	EVP_PKEY_free(key);
}

static void
check_ec(const char *curve, int bits)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	struct blob spki = {0};
	uint8_t point[200];
	struct spki k;
	size_t n;

	key_spki(key, &spki);
	assert_true(spki_decode(blob_view(&spki), &k, NULL));
	assert_int_equal(k.kind, KEY_EC);
	assert_int_equal(k.bits, bits);
	assert_int_equal(k.curve, bits);
	assert_int_equal(
	    EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &n), 1);
	assert_true(view_equal(k.point, view_of(point, n)));
	EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed");
	key_spki(key, &spki);
	assert_true(spki_decode(blob_view(&spki), &k, NULL));
	assert_int_equal(k.point.n, 1 + (size_t)(bits + 7) / 8);
	blob_free(&spki);
	EVP_PKEY_free(key);
}

static void
reads_keys_as_stock(void **state)
{
	(void)state;
	check_rsa(512);
	check_rsa(1024);
	check_rsa(1031);
	check_rsa(2048);
	check_ec("P-256", 256);
	check_ec("P-384", 384);
	check_ec("P-521", 521);
}

static void
put_rsa(struct blob *out, struct view n, struct view e)
{
	struct blob key = {0}, bits = {0};
	struct der_writer w = {.out = &key};
	static const struct sig_alg plain = {KEY_NONE, HASH_NONE, PADDING_PKCS1, 0};

	der_open(&w, DER_SEQUENCE);
	der_put_unsigned(&w, n);
	der_put_unsigned(&w, e);
	der_close(&w);
	blob_add_byte(&bits, 0);
	blob_add_view(&bits, blob_view(&key));
	blob_clear(out);
	w = (struct der_writer){.out = out};
	der_open(&w, DER_SEQUENCE);
	sig_alg_encode(&w, &plain);
	der_put(&w, DER_BIT_STRING, blob_view(&bits));
	der_close(&w);
	blob_free(&key);
	blob_free(&bits);
}

static const struct {
	const char *says;
	int bits;
	bool even;
	const char *exponent;
	bool good;
} rsa_keys[] = {
    {"512 bits", 512, false, "010001", true},
    {"BAD-118 511 bits", 511, false, "010001", false},
    {"8192 bits", 8192, false, "010001", true},
    {"BAD-083 8193 bits", 8193, false, "010001", false},
    {"BAD-083 65536 bits", 65536, false, "010001", false},
    {"BAD-118 even modulus", 2048, true, "010001", false},
    {"BAD-118 modulus 0", 0, false, "010001", false},
    {"BAD-118 exponent 1", 2048, false, "01", false},
    {"BAD-118 exponent 0", 2048, false, "", false},
    {"exponent 3", 2048, false, "03", true},
    {"BAD-118 exponent even", 2048, false, "010000", false},
    {"exponent of 33 bits", 2048, false, "01ffffffff", true},
    {"BAD-083 exponent of 34 bits", 2048, false, "03ffffffff", false},
};

static void
refuses_rsa_keys(void **state)
{
	struct blob in = {0}, e = {0}, n = {0};
	struct spki k;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rsa_keys); i++) {
		size_t octets = (size_t)(rsa_keys[i].bits + 7) / 8;

		unhex(rsa_keys[i].exponent, &e);
		blob_clear(&n);
		if (octets > 0) {
			memset(blob_grow(&n, octets), 0x55, octets);
			n.p[0] = (uint8_t)(1u << (rsa_keys[i].bits - 1) % 8);
			n.p[octets - 1] = rsa_keys[i].even ? 0x54 : 0x55;
		}
		put_rsa(&in, blob_view(&n), blob_view(&e));
		if (spki_decode(blob_view(&in), &k, NULL) != rsa_keys[i].good)
			fail_msg("%s", rsa_keys[i].says);
		if (rsa_keys[i].good)
			assert_int_equal(k.bits, rsa_keys[i].bits);
	}
	blob_free(&in);
	blob_free(&n);
	blob_free(&e);
}

static const struct {
	const char *says, *hex;
} bad_keys[] = {
    {"BAD-119 point at infinity", "301906072a8648ce3d020106082a8648ce3d030107 0302 0000"},
    {"BAD-119 secp256k1", "3016301006072a8648ce3d020106052b8104000a03020004"},
    {"BAD-119 explicit parameters", "3013300b06072a8648ce3d02013000030404000000"},
    {"BAD-119 no parameters", "3010300906072a8648ce3d020103 03000400"},
    {"BAD-120 Ed25519", "300c300506032b6570030300abcd"},
    {"negative RSA modulus", "301a300d06092a864886f70d0101010500030900300602018102 0103"},
    {"unused bits", "301a300d06092a864886f70d0101010500030901300602018102 0103"},
};

static void
refuses_other_keys(void **state)
{
	struct blob in = {0};
	struct spki k;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_keys); i++) {
		unhex(bad_keys[i].hex, &in);
		if (spki_decode(blob_view(&in), &k, NULL))
			fail_msg("%s", bad_keys[i].says);
	}
	blob_free(&in);
}

/* A good P-256 key with the form octet of its point changed. */
static void
refuses_point_forms_bad119(void **state)
{
	static const uint8_t forms[] = {0, 1, 2, 3, 5, 6, 7, 0x84};
	struct blob spki = {0};
	struct spki k;

	(void)state;
	key_spki(key_ec(), &spki);
	assert_int_equal(spki.p[spki.n - 65], 4);
	for (size_t i = 0; i < sizeof(forms); i++) {
		spki.p[spki.n - 65] = forms[i];
		assert_false(spki_decode(blob_view(&spki), &k, NULL));
	}
	blob_free(&spki);
}

static void
key_id_as_stock_cp11(void **state)
{
	X509 *x = X509_new();
	unsigned n = 0;
	uint8_t ours[20], theirs[EVP_MAX_MD_SIZE];
	struct blob spki = {0};
	struct spki k;

	(void)state;
	X509_set_pubkey(x, key_rsa());
	assert_int_equal(X509_pubkey_digest(x, EVP_sha1(), theirs, &n), 1);
	key_spki(key_rsa(), &spki);
	assert_true(spki_decode(blob_view(&spki), &k, NULL));
	spki_key_id(&k, ours);
	assert_int_equal(n, 20);
	assert_memory_equal(ours, theirs, 20);
	X509_free(x);
	blob_free(&spki);
}

static int
done(void **state)
{
	(void)state;
	keys_free();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hashes_as_published),
	    cmocka_unit_test(knows_ciphers),
	    cmocka_unit_test(signature_algorithms_as_stock_cp18),
	    cmocka_unit_test(refuses_algorithms),
	    cmocka_unit_test(pss_as_stock),
	    cmocka_unit_test(reads_keys_as_stock),
	    cmocka_unit_test(refuses_rsa_keys),
	    cmocka_unit_test(refuses_other_keys),
	    cmocka_unit_test(refuses_point_forms_bad119),
	    cmocka_unit_test(key_id_as_stock_cp11),
	};

	return cmocka_run_group_tests_name("alg", tests, NULL, done);
}
