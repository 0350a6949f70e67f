#include "CTPM.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

/* MARK: The libraries */

#define CVM_TPM_FUNCTIONS(F) \
  F(tctildr, Tss2_TctiLdr_Initialize) \
  F(tctildr, Tss2_TctiLdr_Finalize) \
  F(mu, Tss2_MU_TPM2B_PUBLIC_Marshal) \
  F(mu, Tss2_MU_TPM2B_PUBLIC_Unmarshal) \
  F(mu, Tss2_MU_TPM2B_PRIVATE_Marshal) \
  F(mu, Tss2_MU_TPM2B_PRIVATE_Unmarshal) \
  F(esys, Esys_Initialize) \
  F(esys, Esys_Finalize) \
  F(esys, Esys_Free) \
  F(esys, Esys_GetCapability) \
  F(esys, Esys_CreatePrimary) \
  F(esys, Esys_Create) \
  F(esys, Esys_Load) \
  F(esys, Esys_Unseal) \
  F(esys, Esys_FlushContext) \
  F(esys, Esys_StartAuthSession) \
  F(esys, Esys_TRSess_SetAttributes) \
  F(esys, Esys_TR_SetAuth) \
  F(esys, Esys_TR_GetName) \
  F(esys, Esys_PolicyPCR) \
  F(esys, Esys_PolicyAuthValue) \
  F(esys, Esys_PolicyGetDigest) \
  F(esys, Esys_TR_FromTPMPublic) \
  F(esys, Esys_NV_ReadPublic) \
  F(esys, Esys_NV_DefineSpace) \
  F(esys, Esys_NV_Increment) \
  F(esys, Esys_NV_Read)

static struct {
#define CVM_FIELD(library, name) __typeof__(&name) name;
  CVM_TPM_FUNCTIONS(CVM_FIELD)
#undef CVM_FIELD
} tss;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int usable;

/* A POSIX system's dlsym returns functions as object pointers; a copy of the bytes is the conversion that C allows. */
static int find(void *library, const char *name, void *field) {
  void *symbol = library ? dlsym(library, name) : NULL;
  memcpy(field, &symbol, sizeof symbol);
  return symbol != NULL;
}

static void load(void) {
  /* They would write to standard error, which is not theirs. */
  setenv("TSS2_LOG", "all+NONE", 0);
  void *tctildr = dlopen("libtss2-tctildr.so.0", RTLD_NOW | RTLD_LOCAL);
  void *mu = dlopen("libtss2-mu.so.0", RTLD_NOW | RTLD_LOCAL);
  void *esys = dlopen("libtss2-esys.so.0", RTLD_NOW | RTLD_LOCAL);
  usable = 1;
#define CVM_FIND(library, name) usable &= find(library, #name, &tss.name);
  CVM_TPM_FUNCTIONS(CVM_FIND)
#undef CVM_FIND
}

/* MARK: A visit to the TPM */

struct visit;

/* Everything here is copied in and out: who asked may have gone when the TPM answers at last. */
struct job {
  pthread_mutex_t lock;
  pthread_cond_t done;
  int is_done, is_abandoned;
  uint32_t (*act)(struct visit *);
  uint32_t result;
  char tcti[512];
  uint16_t bank;
  uint32_t pcrs;
  uint8_t pin[cvm_tpm_pin_size];
  size_t pin_count;
  uint8_t secret[cvm_tpm_secret_size];
  uint8_t parent[cvm_tpm_name_size], public_area[cvm_tpm_area_size], private_area[cvm_tpm_area_size];
  size_t public_count, private_count;
  int is_software;
  uint8_t mark[cvm_tpm_mark_size];
  uint64_t least;
  struct cvm_tpm_counter counter;
};

/* A connection, and what has to be flushed at its end: a TPM without a resource manager has three slots. */
struct visit {
  struct job *job;
  TSS2_TCTI_CONTEXT *tcti;
  ESYS_CONTEXT *esys;
  ESYS_TR primary, object, session, policy;
};

static const TPMT_SYM_DEF parameter_cipher = {
    .algorithm = TPM2_ALG_AES, .keyBits = {.aes = 128}, .mode = {.aes = TPM2_ALG_CFB}};
static const TPML_PCR_SELECTION no_pcrs = {.count = 0};
static const TPM2B_DATA no_data = {.size = 0};

/* Of a TPM's answers those that have a meaning for who asks. Answers may come through a resource manager. */
static uint32_t meaning(TSS2_RC code) {
  TSS2_RC layer = code & TSS2_RC_LAYER_MASK;
  if (layer == TSS2_TCTI_RC_LAYER) return cvm_tpm_no_tpm;
  if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER) return code;
  code &= ~(TSS2_RC)TSS2_RC_LAYER_MASK;
  if (code == TPM2_RC_LOCKOUT) return cvm_tpm_last_try;
  if (code == TPM2_RC_PCR_CHANGED) return cvm_tpm_wrong_pcrs;
  if (code == TPM2_RC_NV_SPACE) return cvm_tpm_no_room;
  if (!(code & TPM2_RC_FMT1)) return code;
  switch (code & (TPM2_RC_FMT1 | 0x3F)) {
  case TPM2_RC_POLICY_FAIL: return cvm_tpm_wrong_pcrs;
  case TPM2_RC_AUTH_FAIL:
  case TPM2_RC_BAD_AUTH: return cvm_tpm_wrong_pin;
  case TPM2_RC_INTEGRITY: return cvm_tpm_other_tpm;
  default: return code;
  }
}

static uint32_t begin(struct visit *visit) {
  if (tss.Tss2_TctiLdr_Initialize(visit->job->tcti, &visit->tcti) != 0) return cvm_tpm_no_tpm;
  TSS2_ABI_VERSION version = TSS2_ABI_VERSION_CURRENT;
  return meaning(tss.Esys_Initialize(&visit->esys, visit->tcti, &version));
}

static void end(struct visit *visit) {
  if (visit->esys) {
    ESYS_TR held[] = {visit->policy, visit->session, visit->object, visit->primary};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
      if (held[i] != ESYS_TR_NONE) tss.Esys_FlushContext(visit->esys, held[i]);
    }
    tss.Esys_Finalize(&visit->esys);
  }
  if (visit->tcti) tss.Tss2_TctiLdr_Finalize(&visit->tcti);
}

/* One of the TPM's properties; 0 where it does not say. */
static uint32_t property(struct visit *visit, TPM2_PT name) {
  TPMI_YES_NO more;
  TPMS_CAPABILITY_DATA *data = NULL;
  uint32_t value = 0;
  TSS2_RC code = tss.Esys_GetCapability(visit->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                                        name, 1, &more, &data);
  if (code != 0) return 0;
  const TPML_TAGGED_TPM_PROPERTY *list = &data->data.tpmProperties;
  if (list->count == 1 && list->tpmProperty[0].property == name) value = list->tpmProperty[0].value;
  tss.Esys_Free(data);
  return value;
}

static void select_pcrs(const struct job *job, TPML_PCR_SELECTION *list) {
  memset(list, 0, sizeof *list);
  list->count = 1;
  list->pcrSelections[0].hash = job->bank;
  list->pcrSelections[0].sizeofSelect = 3;
  for (int i = 0; i < 3; i++) list->pcrSelections[0].pcrSelect[i] = (BYTE)(job->pcrs >> (8 * i));
}

/* A TPM leaves PCRs that it has not out of a policy in silence: nothing would be sealed to them. */
static uint32_t require_pcrs(struct visit *visit) {
  TPMI_YES_NO more;
  TPMS_CAPABILITY_DATA *data = NULL;
  TSS2_RC code =
      tss.Esys_GetCapability(visit->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_PCRS, 0, 16, &more, &data);
  if (code != 0) return meaning(code);
  uint32_t there = 0;
  const TPML_PCR_SELECTION *list = &data->data.assignedPCR;
  for (uint32_t i = 0; i < list->count && i < TPM2_NUM_PCR_BANKS; i++) {
    const TPMS_PCR_SELECTION *bank = &list->pcrSelections[i];
    if (bank->hash != visit->job->bank) continue;
    for (int j = 0; j < 3 && j < bank->sizeofSelect; j++) there |= (uint32_t)bank->pcrSelect[j] << (8 * j);
  }
  tss.Esys_Free(data);
  return (visit->job->pcrs & ~there) == 0 ? 0 : cvm_tpm_no_pcrs;
}

/* The storage key above the secret, always the same for the owner hierarchy's seed; and its name. */
static uint32_t make_primary(struct visit *visit, TPM2B_NAME **name) {
  TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
  TPM2B_PUBLIC template = {
      .publicArea = {
          .type = TPM2_ALG_ECC,
          .nameAlg = TPM2_ALG_SHA256,
          .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                              TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
          .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                                 .keyBits = {.aes = 128},
                                                 .mode = {.aes = TPM2_ALG_CFB}},
                                   .scheme = {.scheme = TPM2_ALG_NULL},
                                   .curveID = TPM2_ECC_NIST_P256,
                                   .kdf = {.scheme = TPM2_ALG_NULL}}}};
  TPM2B_PUBLIC *public = NULL;
  TPM2B_CREATION_DATA *data = NULL;
  TPM2B_DIGEST *hash = NULL;
  TPMT_TK_CREATION *ticket = NULL;
  TSS2_RC code = tss.Esys_CreatePrimary(visit->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                        &sensitive, &template, &no_data, &no_pcrs, &visit->primary, &public, &data,
                                        &hash, &ticket);
  tss.Esys_Free(public);
  tss.Esys_Free(data);
  tss.Esys_Free(hash);
  tss.Esys_Free(ticket);
  if (code == 0) code = tss.Esys_TR_GetName(visit->esys, visit->primary, name);
  return meaning(code);
}

/* A session whose first parameters are encrypted in the directions of `attributes`, under a secret that only the primary key
   recovers: who listens on the bus learns nothing. */
static uint32_t start(struct visit *visit, TPM2_SE kind, TPMA_SESSION attributes, ESYS_TR *session) {
  TSS2_RC code = tss.Esys_StartAuthSession(visit->esys, visit->primary, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, NULL, kind, &parameter_cipher, TPM2_ALG_SHA256, session);
  if (code == 0) {
    code = tss.Esys_TRSess_SetAttributes(visit->esys, *session, attributes | TPMA_SESSION_CONTINUESESSION, 0xFF);
  }
  return meaning(code);
}

/* Brings a policy session to where the conditions hold; a trial session to where they would. */
static uint32_t meet_conditions(struct visit *visit) {
  TPML_PCR_SELECTION pcrs;
  select_pcrs(visit->job, &pcrs);
  const TPM2B_DIGEST now = {.size = 0};
  TSS2_RC code =
      tss.Esys_PolicyPCR(visit->esys, visit->policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &now, &pcrs);
  if (code == 0 && visit->job->pin_count > 0) {
    code = tss.Esys_PolicyAuthValue(visit->esys, visit->policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE);
  }
  return meaning(code);
}

/* MARK: Sealing */

static uint32_t create(struct visit *visit, const TPM2B_DIGEST *policy) {
  struct job *job = visit->job;
  TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
  sensitive.sensitive.userAuth.size = (UINT16)job->pin_count;
  memcpy(sensitive.sensitive.userAuth.buffer, job->pin, job->pin_count);
  sensitive.sensitive.data.size = cvm_tpm_secret_size;
  memcpy(sensitive.sensitive.data.buffer, job->secret, cvm_tpm_secret_size);
  /* Wrong PINs count, so that nobody can try them all; without a PIN there is nothing to count. */
  TPMA_OBJECT counting = job->pin_count > 0 ? 0 : TPMA_OBJECT_NODA;
  TPM2B_PUBLIC template = {
      .publicArea = {.type = TPM2_ALG_KEYEDHASH,
                     .nameAlg = TPM2_ALG_SHA256,
                     .objectAttributes =
                         TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_ADMINWITHPOLICY | counting,
                     .authPolicy = *policy,
                     .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL}};
  TPM2B_PUBLIC *public = NULL;
  TPM2B_PRIVATE *private = NULL;
  TPM2B_CREATION_DATA *data = NULL;
  TPM2B_DIGEST *hash = NULL;
  TPMT_TK_CREATION *ticket = NULL;
  TSS2_RC code = tss.Esys_Create(visit->esys, visit->primary, visit->session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                                 &template, &no_data, &no_pcrs, &private, &public, &data, &hash, &ticket);
  explicit_bzero(&sensitive, sizeof sensitive);
  if (code == 0) {
    code = tss.Tss2_MU_TPM2B_PUBLIC_Marshal(public, job->public_area, sizeof job->public_area, &job->public_count);
  }
  if (code == 0) {
    code = tss.Tss2_MU_TPM2B_PRIVATE_Marshal(private, job->private_area, sizeof job->private_area, &job->private_count);
  }
  tss.Esys_Free(private);
  tss.Esys_Free(public);
  tss.Esys_Free(data);
  tss.Esys_Free(hash);
  tss.Esys_Free(ticket);
  return meaning(code);
}

static uint32_t seal(struct visit *visit) {
  struct job *job = visit->job;
  TPM2B_NAME *name = NULL;
  TPM2B_DIGEST *policy = NULL;
  uint32_t result = require_pcrs(visit);
  if (result == 0) result = make_primary(visit, &name);
  if (result == 0 && name->size != cvm_tpm_name_size) result = cvm_tpm_malformed;
  if (result == 0) memcpy(job->parent, name->name, cvm_tpm_name_size);
  if (result == 0) result = start(visit, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT, &visit->session);
  if (result == 0) result = start(visit, TPM2_SE_TRIAL, 0, &visit->policy);
  if (result == 0) result = meet_conditions(visit);
  if (result == 0) {
    result = meaning(tss.Esys_PolicyGetDigest(visit->esys, visit->policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                              &policy));
  }
  if (result == 0) result = create(visit, policy);
  /* The reference implementation and what is made of it call themselves so. */
  job->is_software = property(visit, TPM2_PT_VENDOR_STRING_1) == 0x53572020; /* "SW  " */
  tss.Esys_Free(name);
  tss.Esys_Free(policy);
  return result;
}

/* MARK: Unsealing */

static uint32_t load_object(struct visit *visit) {
  struct job *job = visit->job;
  TPM2B_PUBLIC public = {.size = 0};
  TPM2B_PRIVATE private = {.size = 0};
  size_t public_end = 0, private_end = 0;
  if (tss.Tss2_MU_TPM2B_PUBLIC_Unmarshal(job->public_area, job->public_count, &public_end, &public) != 0 ||
      tss.Tss2_MU_TPM2B_PRIVATE_Unmarshal(job->private_area, job->private_count, &private_end, &private) != 0 ||
      public_end != job->public_count || private_end != job->private_count)
    return cvm_tpm_malformed;
  uint32_t result = meaning(tss.Esys_Load(visit->esys, visit->primary, visit->session, ESYS_TR_NONE, ESYS_TR_NONE,
                                          &private, &public, &visit->object));
  if (result != 0 || job->pin_count == 0) return result;
  TPM2B_AUTH pin = {.size = (UINT16)job->pin_count};
  memcpy(pin.buffer, job->pin, job->pin_count);
  result = meaning(tss.Esys_TR_SetAuth(visit->esys, visit->object, &pin));
  explicit_bzero(&pin, sizeof pin);
  return result;
}

/* Whether a wrong PIN more leaves the TPM open to everybody else. */
static uint32_t require_tries(struct visit *visit) {
  if (visit->job->pin_count == 0) return 0;
  uint32_t failed = property(visit, TPM2_PT_LOCKOUT_COUNTER), most = property(visit, TPM2_PT_MAX_AUTH_FAIL);
  return most > 0 && failed + 1 >= most ? cvm_tpm_last_try : 0;
}

static uint32_t unseal(struct visit *visit) {
  struct job *job = visit->job;
  TPM2B_NAME *name = NULL;
  TPM2B_SENSITIVE_DATA *data = NULL;
  uint32_t result = require_tries(visit);
  if (result == 0) result = make_primary(visit, &name);
  if (result == 0 && (name->size != cvm_tpm_name_size || memcmp(name->name, job->parent, cvm_tpm_name_size) != 0)) {
    result = cvm_tpm_other_tpm;
  }
  if (result == 0) result = start(visit, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT, &visit->session);
  if (result == 0) result = load_object(visit);
  if (result == 0) result = start(visit, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &visit->policy);
  if (result == 0) result = meet_conditions(visit);
  if (result == 0) {
    result = meaning(tss.Esys_Unseal(visit->esys, visit->object, visit->policy, ESYS_TR_NONE, ESYS_TR_NONE, &data));
  }
  if (result == 0 && data->size != cvm_tpm_secret_size) result = cvm_tpm_malformed;
  if (result == 0) memcpy(job->secret, data->buffer, cvm_tpm_secret_size);
  if (data) explicit_bzero(data, sizeof *data);
  tss.Esys_Free(data);
  tss.Esys_Free(name);
  return result;
}

/* MARK: A counter */

/* The handles that TCG leaves to the owner, from where others seldom begin. */
static const uint32_t first_index = 0x01810000, indices = 256;

static const TPMA_NV counter_kind = (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) | TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE |
                                    TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;

/* Whether the index at a handle is the counter with the mark; then `object` is it. */
static uint32_t look_at(struct visit *visit, uint32_t handle, int *is_ours, ESYS_TR *object) {
  struct job *job = visit->job;
  TPM2B_NV_PUBLIC *public = NULL;
  TPM2B_NAME *name = NULL;
  TSS2_RC code =
      tss.Esys_TR_FromTPMPublic(visit->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, object);
  if (code == 0) {
    code = tss.Esys_NV_ReadPublic(visit->esys, *object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, &name);
  }
  if (code == 0) {
    const TPMS_NV_PUBLIC *area = &public->nvPublic;
    *is_ours = (area->attributes & ~TPMA_NV_WRITTEN) == counter_kind && area->authPolicy.size == sizeof job->mark &&
               memcmp(area->authPolicy.buffer, job->mark, sizeof job->mark) == 0;
    if (*is_ours) job->counter.has_value = (area->attributes & TPMA_NV_WRITTEN) != 0;
  }
  tss.Esys_Free(public);
  tss.Esys_Free(name);
  return meaning(code);
}

/* The counter with the mark, and the first handle without an index. */
static uint32_t find_counter(struct visit *visit, ESYS_TR *object, uint32_t *unused) {
  TPMI_YES_NO more;
  TPMS_CAPABILITY_DATA *data = NULL;
  *unused = first_index;
  TSS2_RC code = tss.Esys_GetCapability(visit->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                        first_index, indices, &more, &data);
  if (code != 0) return meaning(code);
  uint32_t result = 0;
  const TPML_HANDLE *list = &data->data.handles;
  for (uint32_t i = 0; i < list->count && i < TPM2_MAX_CAP_HANDLES && result == 0; i++) {
    uint32_t handle = list->handle[i];
    int is_ours = 0;
    if (handle - first_index >= indices) break;
    if (handle == *unused) ++*unused;
    result = look_at(visit, handle, &is_ours, object);
    if (is_ours) {
      visit->job->counter.index = handle;
      break;
    }
  }
  tss.Esys_Free(data);
  return result;
}

static uint32_t make_counter(struct visit *visit, uint32_t handle, ESYS_TR *object) {
  if (handle - first_index >= indices) return cvm_tpm_no_room;
  struct job *job = visit->job;
  const TPM2B_AUTH no_password = {.size = 0};
  TPM2B_NV_PUBLIC public = {.nvPublic = {.nvIndex = handle,
                                         .nameAlg = TPM2_ALG_SHA256,
                                         .attributes = counter_kind,
                                         .authPolicy.size = sizeof job->mark,
                                         .dataSize = sizeof(uint64_t)}};
  memcpy(public.nvPublic.authPolicy.buffer, job->mark, sizeof job->mark);
  TSS2_RC code = tss.Esys_NV_DefineSpace(visit->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                         &no_password, &public, object);
  job->counter.index = handle;
  job->counter.has_value = 0;
  return meaning(code);
}

/* In a session whose secret the primary key recovers: nobody on the way can answer for the TPM. */
static uint32_t read_counter(struct visit *visit, ESYS_TR object) {
  TPM2B_MAX_NV_BUFFER *data = NULL;
  uint32_t result = meaning(tss.Esys_NV_Read(visit->esys, object, object, visit->session, ESYS_TR_NONE, ESYS_TR_NONE,
                                             sizeof(uint64_t), 0, &data));
  if (result == 0 && data->size != sizeof(uint64_t)) result = cvm_tpm_malformed;
  uint64_t value = 0;
  for (size_t i = 0; result == 0 && i < sizeof value; i++) value = value << 8 | data->buffer[i];
  visit->job->counter.value = value;
  tss.Esys_Free(data);
  return result;
}

static uint32_t count(struct visit *visit) {
  struct job *job = visit->job;
  TPM2B_NAME *name = NULL;
  ESYS_TR object = ESYS_TR_NONE;
  uint32_t unused = 0;
  uint32_t result = make_primary(visit, &name);
  if (result == 0 && name->size != cvm_tpm_name_size) result = cvm_tpm_malformed;
  if (result == 0 && job->least > 0 && memcmp(job->counter.tpm, name->name, cvm_tpm_name_size) != 0)
    result = cvm_tpm_other_tpm;
  if (result == 0) memcpy(job->counter.tpm, name->name, cvm_tpm_name_size);
  if (result == 0) result = start(visit, TPM2_SE_HMAC, 0, &visit->session);
  if (result == 0) result = find_counter(visit, &object, &unused);
  if (result == 0 && job->counter.index == 0 && job->least > 0) result = make_counter(visit, unused, &object);
  if (result == 0 && job->counter.index != 0 && job->counter.has_value) result = read_counter(visit, object);
  while (result == 0 && job->counter.value < job->least) {
    result = meaning(tss.Esys_NV_Increment(visit->esys, object, object, visit->session, ESYS_TR_NONE, ESYS_TR_NONE));
    job->counter.has_value = 1;
    if (result == 0) result = read_counter(visit, object);
  }
  tss.Esys_Free(name);
  return result;
}

/* MARK: In a thread of its own, for the libraries wait without a limit */

static void discard(struct job *job) {
  explicit_bzero(job, sizeof *job);
  free(job);
}

static void *work(void *argument) {
  struct job *job = argument;
  struct visit visit = {
      .job = job, .primary = ESYS_TR_NONE, .object = ESYS_TR_NONE, .session = ESYS_TR_NONE, .policy = ESYS_TR_NONE};
  pthread_once(&once, load);
  uint32_t result = usable ? begin(&visit) : cvm_tpm_no_library;
  if (result == 0) result = job->act(&visit);
  end(&visit);
  pthread_mutex_lock(&job->lock);
  job->result = result;
  job->is_done = 1;
  int is_abandoned = job->is_abandoned;
  pthread_cond_signal(&job->done);
  pthread_mutex_unlock(&job->lock);
  if (is_abandoned) discard(job);
  return NULL;
}

/* The job that was done, to be discarded; NULL after the time. */
static struct job *run(struct job *job, int milliseconds) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&job->lock, NULL);
  pthread_cond_init(&job->done, &monotonic);
  pthread_condattr_destroy(&monotonic);

  struct timespec limit;
  clock_gettime(CLOCK_MONOTONIC, &limit);
  limit.tv_sec += milliseconds / 1000;
  limit.tv_nsec += (milliseconds % 1000) * 1000000L;
  if (limit.tv_nsec >= 1000000000L) {
    limit.tv_sec++;
    limit.tv_nsec -= 1000000000L;
  }

  /* Signals are for the thread that asks. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int problem = pthread_create(&thread, NULL, work, job);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (problem != 0) {
    job->result = cvm_tpm_silent;
    return job;
  }
  pthread_detach(thread);

  pthread_mutex_lock(&job->lock);
  int waited = 0;
  while (!job->is_done && waited != ETIMEDOUT) waited = pthread_cond_timedwait(&job->done, &job->lock, &limit);
  int is_done = job->is_done;
  job->is_abandoned = !is_done;
  pthread_mutex_unlock(&job->lock);
  return is_done ? job : NULL;
}

static struct job *job_of(const struct cvm_tpm_conditions *conditions) {
  size_t count = strlen(conditions->tcti);
  struct job *job = calloc(1, sizeof *job);
  if (!job) return NULL;
  if (count >= sizeof job->tcti || conditions->pin_count > sizeof job->pin) {
    free(job);
    return NULL;
  }
  memcpy(job->tcti, conditions->tcti, count);
  if (conditions->pin_count > 0) memcpy(job->pin, conditions->pin, conditions->pin_count);
  job->pin_count = conditions->pin_count;
  job->bank = conditions->bank;
  job->pcrs = conditions->pcrs;
  return job;
}

uint32_t cvm_tpm_seal(const struct cvm_tpm_conditions *conditions, const void *secret, int milliseconds,
                      struct cvm_tpm_object *object) {
  struct job *job = job_of(conditions);
  if (!job) return cvm_tpm_malformed;
  job->act = seal;
  memcpy(job->secret, secret, sizeof job->secret);
  job = run(job, milliseconds);
  if (!job) return cvm_tpm_silent;
  uint32_t result = job->result;
  memcpy(object->parent, job->parent, sizeof job->parent);
  memcpy(object->public_area, job->public_area, sizeof job->public_area);
  memcpy(object->private_area, job->private_area, sizeof job->private_area);
  object->public_count = job->public_count;
  object->private_count = job->private_count;
  object->is_software = job->is_software;
  discard(job);
  return result;
}

uint32_t cvm_tpm_unseal(const struct cvm_tpm_conditions *conditions, const struct cvm_tpm_object *object,
                        int milliseconds, void *secret) {
  if (object->public_count > cvm_tpm_area_size || object->private_count > cvm_tpm_area_size) return cvm_tpm_malformed;
  struct job *job = job_of(conditions);
  if (!job) return cvm_tpm_malformed;
  job->act = unseal;
  memcpy(job->parent, object->parent, sizeof job->parent);
  memcpy(job->public_area, object->public_area, object->public_count);
  memcpy(job->private_area, object->private_area, object->private_count);
  job->public_count = object->public_count;
  job->private_count = object->private_count;
  job = run(job, milliseconds);
  if (!job) return cvm_tpm_silent;
  uint32_t result = job->result;
  if (result == 0) memcpy(secret, job->secret, sizeof job->secret);
  discard(job);
  return result;
}

uint32_t cvm_tpm_count(const char *tcti, const void *mark, uint64_t least, int milliseconds,
                       struct cvm_tpm_counter *counter) {
  struct job *job = job_of(&(struct cvm_tpm_conditions){.tcti = tcti});
  if (!job) return cvm_tpm_malformed;
  job->act = count;
  job->least = least;
  memcpy(job->mark, mark, sizeof job->mark);
  memcpy(job->counter.tpm, counter->tpm, sizeof job->counter.tpm);
  job = run(job, milliseconds);
  if (!job) return cvm_tpm_silent;
  uint32_t result = job->result;
  *counter = job->counter;
  discard(job);
  return result;
}
