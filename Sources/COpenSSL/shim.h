/* libcrypto 3, the system's, and wrappers for the macros and variadic functions that Swift cannot see. */
/* SHA256_* and SHA384_* hash a short record in half of EVP's time; libcrypto 3 discourages them for the sake of providers. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

/* EVP_MAC_init of an HMAC context with SHA-256; `key` is never NULL, its length may be 0. */
static inline int cvm_hmac_sha256_init(EVP_MAC_CTX *context, const unsigned char *key, size_t count)
{
    OSSL_PARAM params[2];
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();
    return EVP_MAC_init(context, key, count, params);
}

/* A fresh P-384 key pair, or NULL. */
static inline EVP_PKEY *cvm_p384_generate(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
}

/* A fresh RSA key pair (exponent 65537), or NULL. */
static inline EVP_PKEY *cvm_rsa_generate(size_t bits)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
}

static inline EVP_PKEY *cvm_key_from(const char *type, int selection, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (context == NULL)
        return NULL;
    if (EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, selection, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

/* A P-384 key from the uncompressed point and, unless `scalar` is NULL, the private scalar in native byte order.
   NULL where the point is not on the curve. */
static inline EVP_PKEY *cvm_p384_key(const unsigned char *point, size_t point_count,
                                     unsigned char *scalar, size_t scalar_count)
{
    OSSL_PARAM params[4];
    int n = 0;
    params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"secp384r1", 0);
    params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, point_count);
    if (scalar != NULL)
        params[n++] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scalar, scalar_count);
    params[n] = OSSL_PARAM_construct_end();
    return cvm_key_from("EC", scalar != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
}

static inline int cvm_no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

/* The private key in a file: PEM or DER, PKCS #8 or RFC 5915. NULL where there is none, or one behind a passphrase:
   nobody is asked for it. */
static inline EVP_PKEY *cvm_private_key(const unsigned char *bytes, int count)
{
    EVP_PKEY *key = NULL;
    const unsigned char *next = bytes;
    BIO *file = BIO_new_mem_buf(bytes, count);
    if (file == NULL)
        return NULL;
    key = PEM_read_bio_PrivateKey(file, NULL, cvm_no_passphrase, NULL);
    BIO_free(file);
    if (key != NULL)
        return key;
    key = d2i_AutoPrivateKey(NULL, &next, count);
    if (key != NULL && next != bytes + count) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* An RSA public key from modulus and exponent in native byte order, or NULL. */
static inline EVP_PKEY *cvm_rsa_public_key(unsigned char *modulus, size_t modulus_count,
                                           unsigned char *exponent, size_t exponent_count)
{
    OSSL_PARAM params[3];
    params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, modulus_count);
    params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, exponent_count);
    params[2] = OSSL_PARAM_construct_end();
    return cvm_key_from("RSA", EVP_PKEY_PUBLIC_KEY, params);
}

/* Makes a signing or verifying context RSASSA-PSS: MGF1 with the message's hash, salt as long as the hash. */
static inline int cvm_pss(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static inline int cvm_is_rsa(const EVP_PKEY *key) { return EVP_PKEY_is_a(key, "RSA"); }

/* SHA-256 of a byte and of what follows it in up to two pieces; 1, or 0 where libcrypto refused. */
static inline int cvm_sha256_tagged(unsigned char tag, const void *first, size_t first_count, const void *second,
                                    size_t second_count, unsigned char *digest)
{
    SHA256_CTX context;
    return SHA256_Init(&context) == 1 && SHA256_Update(&context, &tag, 1) == 1 &&
           SHA256_Update(&context, first, first_count) == 1 &&
           SHA256_Update(&context, second, second_count) == 1 && SHA256_Final(digest, &context) == 1;
}

/* SHA-384 of some bytes; 1, or 0 where libcrypto refused. `digest` may lie in them. */
static inline int cvm_sha384(const void *bytes, size_t count, unsigned char *digest)
{
    SHA512_CTX context;
    return SHA384_Init(&context) == 1 && SHA384_Update(&context, bytes, count) == 1 &&
           SHA384_Final(digest, &context) == 1;
}

/* An Ed25519 key from its 32-byte seed, or from the 32-byte public key; NULL where libcrypto refuses. */
static inline EVP_PKEY *cvm_ed25519_private(const unsigned char *seed)
{
    return EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, 32);
}

static inline EVP_PKEY *cvm_ed25519_public(const unsigned char *key)
{
    return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key, 32);
}

static inline int cvm_derive(const char *name, OSSL_PARAM *params, unsigned char *key, size_t key_count)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    int done = context != NULL && EVP_KDF_derive(context, key, key_count, params) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

/* PBKDF2 with HMAC-SHA-256 (RFC 8018); 1, or 0 where libcrypto refused. */
static inline int cvm_pbkdf2(const void *password, size_t password_count, const unsigned char *salt, size_t salt_count,
                             uint32_t iterations, unsigned char *key, size_t key_count)
{
    OSSL_PARAM params[5];
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)password, password_count);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count);
    params[3] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &iterations);
    params[4] = OSSL_PARAM_construct_end();
    return cvm_derive("PBKDF2", params, key, key_count);
}

/* scrypt (RFC 7914), using at most `memory` bytes; 1, or 0 where libcrypto refused. */
static inline int cvm_scrypt(const void *password, size_t password_count, const unsigned char *salt, size_t salt_count,
                             uint64_t n, uint32_t r, uint32_t p, uint64_t memory, unsigned char *key, size_t key_count)
{
    OSSL_PARAM params[7];
    params[0] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)password, password_count);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count);
    params[2] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n);
    params[3] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r);
    params[4] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p);
    params[5] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory);
    params[6] = OSSL_PARAM_construct_end();
    return cvm_derive("SCRYPT", params, key, key_count);
}
