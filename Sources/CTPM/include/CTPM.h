/* A TPM 2.0, its libraries loaded on first use: 32 bytes are sealed to the values of PCRs and, if wanted, to a PIN; and a
   counter of its own is read and raised. */
#ifndef CVM_TPM_H
#define CVM_TPM_H

#include <stddef.h>
#include <stdint.h>

/* What the calls below return: 0, a TPM2_RC of the TPM, or one of these. */
enum {
  cvm_tpm_no_library = 0xC0000001, /* libtss2-esys, -mu or -tctildr cannot be loaded */
  cvm_tpm_no_tpm = 0xC0000002,     /* nothing answers there */
  cvm_tpm_silent = 0xC0000003,     /* no answer in time */
  cvm_tpm_no_pcrs = 0xC0000004,    /* it has no such PCRs in that bank */
  cvm_tpm_other_tpm = 0xC0000005,  /* the key was sealed by another TPM, or before its owner's seed was changed */
  cvm_tpm_last_try = 0xC0000006,   /* it is locked, or a wrong PIN would lock it: not tried */
  cvm_tpm_wrong_pcrs = 0xC0000007, /* the PCRs have other values than when the key was sealed */
  cvm_tpm_wrong_pin = 0xC0000008,
  cvm_tpm_malformed = 0xC0000009, /* what is to be unsealed is none of its objects */
  cvm_tpm_no_room = 0xC000000A    /* it has no room for a counter more */
};

enum {
  cvm_tpm_secret_size = 32,
  cvm_tpm_name_size = 34,  /* of the parent: TPM2_ALG_SHA256 and a digest */
  cvm_tpm_area_size = 512, /* what a public or private area takes at most */
  cvm_tpm_pin_size = 32
};

/* Where the TPM is, and what has to hold for it to give the secret. */
struct cvm_tpm_conditions {
  const char *_Nonnull tcti;
  uint16_t bank; /* TPM2_ALG_ID */
  uint32_t pcrs; /* bit N is PCR N, 0 to 23 */
  const void *_Nullable pin;
  size_t pin_count; /* 0: none */
};

/* A secret as only its TPM opens it. */
struct cvm_tpm_object {
  uint8_t *_Nonnull parent;       /* cvm_tpm_name_size bytes */
  uint8_t *_Nonnull public_area;  /* TPM2B_PUBLIC; room for cvm_tpm_area_size bytes */
  uint8_t *_Nonnull private_area; /* TPM2B_PRIVATE; likewise */
  size_t public_count, private_count;
  int is_software; /* the TPM says that it is a program */
};

/* Seals 32 bytes under an ECC P-256 primary key of the owner hierarchy, to the PCRs as they are now. Each waits at most so
   many milliseconds. */
uint32_t cvm_tpm_seal(const struct cvm_tpm_conditions *_Nonnull conditions, const void *_Nullable secret,
                      int milliseconds, struct cvm_tpm_object *_Nonnull object);
uint32_t cvm_tpm_unseal(const struct cvm_tpm_conditions *_Nonnull conditions,
                        const struct cvm_tpm_object *_Nonnull object, int milliseconds, void *_Nullable secret);

enum { cvm_tpm_mark_size = 32 };

/* A counter in a TPM, which nobody can set back: made anew it goes on above all that the TPM ever had. */
struct cvm_tpm_counter {
  uint8_t tpm[cvm_tpm_name_size]; /* name of the primary key: another one in another TPM, and after its owner was cleared */
  uint32_t index;                 /* where it is; 0: there is none with this mark */
  int has_value;                  /* it was raised since it was made */
  uint64_t value;
};

/* Reads the counter with a mark of 32 bytes, which stands as its index's policy. With `least`, 0 otherwise, makes it where
   there is none and raises it until it has this value; `tpm` then is whose it must be. Waits at most so many milliseconds. */
uint32_t cvm_tpm_count(const char *_Nonnull tcti, const void *_Nonnull mark, uint64_t least, int milliseconds,
                       struct cvm_tpm_counter *_Nonnull counter);

#endif
