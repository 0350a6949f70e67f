/* A token of PKCS#11 (OASIS, Cryptographic Token Interface 2.40), its module loaded on first use: one AES key that never
   leaves it, with which 32 bytes are sealed by AES-GCM. */
#ifndef CVM_PKCS11_H
#define CVM_PKCS11_H

#include <stddef.h>

typedef struct cvm_token cvm_token;

/* What the calls below return: 0, a CK_RV of the module, or one of these. */
enum {
  cvm_pkcs11_no_module = 0xC0000001, /* it cannot be loaded, or is none */
  cvm_pkcs11_no_token = 0xC0000002,  /* no token of that label, or several */
  cvm_pkcs11_last_try = 0xC0000003,  /* a wrong PIN would lock the token: not tried */
  cvm_pkcs11_no_key = 0xC0000004,    /* no key of that name, or several */
  cvm_pkcs11_odd_length = 0xC0000005 /* the module gave another number of bytes than was to be expected */
};

/* Loads `module`, opens a session with the one token that has the label, and logs in, once. */
unsigned long cvm_token_open(const char *_Nonnull module, const char *_Nonnull label, const void *_Nullable pin,
                             size_t pin_count, cvm_token *_Nullable *_Nonnull token);

/* Logs out and unloads. */
void cvm_token_close(cvm_token *_Nullable token);

/* Looks for the AES-256 key of that name; makes it, neither extractable nor readable, where `make` and there is none. */
unsigned long cvm_token_key(cvm_token *_Nonnull token, const char *_Nonnull name, int make);

/* AES-GCM with a 12-byte nonce and a 16-byte tag under that key. `output` has `count` + 16 bytes, or `count` - 16. */
unsigned long cvm_token_seal(cvm_token *_Nonnull token, const unsigned char *_Nonnull nonce,
                             const unsigned char *_Nonnull data, size_t data_count, const void *_Nullable input,
                             size_t count, void *_Nullable output);
unsigned long cvm_token_unseal(cvm_token *_Nonnull token, const unsigned char *_Nonnull nonce,
                               const unsigned char *_Nonnull data, size_t data_count, const void *_Nullable input,
                               size_t count, void *_Nullable output);

#endif
