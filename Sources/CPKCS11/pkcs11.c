#define _GNU_SOURCE
#include "CPKCS11.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long rv;
typedef unsigned long word;

/* The standard's structures, as they lie on Unix: natural alignment. */
struct attribute { word type; void *value; word size; };
struct mechanism { word type; void *parameter; word size; };
struct gcm { void *iv; word iv_size; word iv_bits; void *aad; word aad_size; word tag_bits; };
struct token_info {
  unsigned char label[32], manufacturer[32], model[16], serial[16];
  word flags, numbers[10];
  unsigned char hardware[2], firmware[2], time[16];
};

/* CK_FUNCTION_LIST: a version, and the functions in the standard's order. */
typedef void (*function)(void);
struct function_list { unsigned char version[2]; function calls[68]; };
enum {
  at_initialize = 0, at_finalize = 1, at_get_slot_list = 4, at_get_token_info = 6, at_open_session = 12,
  at_close_session = 13, at_login = 18, at_logout = 19, at_find_init = 26, at_find = 27, at_find_final = 28,
  at_encrypt_init = 29, at_encrypt = 30, at_decrypt_init = 33, at_decrypt = 34, at_generate_key = 58
};

enum {
  already_initialized = 0x191, already_logged_in = 0x100,
  rw_session = 2, serial_session = 4, user = 1,
  pin_final_try = 0x20000, pin_locked = 0x40000,
  a_class = 0, a_token = 1, a_private = 2, a_label = 3, a_key_type = 0x100, a_sensitive = 0x103,
  a_encrypt = 0x104, a_decrypt = 0x105, a_wrap = 0x106, a_unwrap = 0x107, a_sign = 0x108, a_verify = 0x10A, a_value_size = 0x161, a_extractable = 0x162,
  secret_key = 4, key_type_aes = 0x1F, aes_key_gen = 0x1080, aes_gcm = 0x1087
};

struct cvm_token {
  void *library;
  struct function_list *list;
  int initialized;
  word session, key;
};

#define CALL(token, index, type, ...) ((rv(*) type)(token)->list->calls[index])(__VA_ARGS__)

static rv load(cvm_token *token, const char *module) {
  token->library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
  if (!token->library) return cvm_pkcs11_no_module;
  void *symbol = dlsym(token->library, "C_GetFunctionList");
  rv (*get)(struct function_list **);
  memcpy(&get, &symbol, sizeof get);
  if (!symbol || get(&token->list) != 0 || !token->list || token->list->version[0] != 2) return cvm_pkcs11_no_module;
  rv result = CALL(token, at_initialize, (void *), NULL);
  token->initialized = result == 0;
  return result == already_initialized ? 0 : result;
}

/* The label of a token is padded with spaces. */
static int has_label(const struct token_info *info, const char *label) {
  size_t count = strlen(label);
  if (count > sizeof info->label || memcmp(info->label, label, count) != 0) return 0;
  for (size_t i = count; i < sizeof info->label; i++) {
    if (info->label[i] != ' ') return 0;
  }
  return 1;
}

static rv find_slot(cvm_token *token, const char *label, word *slot, word *flags) {
  word slots[256], count = 256;
  int found = 0;
  rv result = CALL(token, at_get_slot_list, (unsigned char, word *, word *), 1, slots, &count);
  if (result != 0) return result;
  for (word i = 0; i < count; i++) {
    struct token_info info;
    memset(&info, 0, sizeof info);
    if (CALL(token, at_get_token_info, (word, struct token_info *), slots[i], &info) != 0) continue;
    if (!has_label(&info, label)) continue;
    found++;
    *slot = slots[i];
    *flags = info.flags;
  }
  return found == 1 ? 0 : cvm_pkcs11_no_token;
}

static rv log_in(cvm_token *token, const char *label, const void *pin, size_t pin_count) {
  word slot = 0, flags = 0;
  rv result = find_slot(token, label, &slot, &flags);
  if (result != 0) return result;
  if (flags & (pin_final_try | pin_locked)) return cvm_pkcs11_last_try;
  result = CALL(token, at_open_session, (word, word, void *, void *, word *), slot, rw_session | serial_session, NULL,
                NULL, &token->session);
  if (result != 0) return result;
  result = CALL(token, at_login, (word, word, const void *, word), token->session, user, pin, pin_count);
  return result == already_logged_in ? 0 : result;
}

unsigned long cvm_token_open(const char *module, const char *label, const void *pin, size_t pin_count,
                             cvm_token **token) {
  cvm_token *fresh = calloc(1, sizeof *fresh);
  *token = NULL;
  if (!fresh) return 2; /* CKR_HOST_MEMORY */
  rv result = load(fresh, module);
  if (result == 0) result = log_in(fresh, label, pin, pin_count);
  if (result == 0) {
    *token = fresh;
  } else {
    cvm_token_close(fresh);
  }
  return result;
}

void cvm_token_close(cvm_token *token) {
  if (!token) return;
  if (token->session) {
    CALL(token, at_logout, (word), token->session);
    CALL(token, at_close_session, (word), token->session);
  }
  if (token->initialized) CALL(token, at_finalize, (void *), NULL);
  if (token->library) dlclose(token->library);
  free(token);
}

static rv find_key(cvm_token *token, const char *name, word *count) {
  word class = secret_key, type = key_type_aes, keys[2];
  struct attribute wanted[] = {
      {a_class, &class, sizeof class}, {a_key_type, &type, sizeof type}, {a_label, (void *)name, strlen(name)}};
  rv result = CALL(token, at_find_init, (word, struct attribute *, word), token->session, wanted, 3);
  if (result != 0) return result;
  result = CALL(token, at_find, (word, word *, word, word *), token->session, keys, 2, count);
  CALL(token, at_find_final, (word), token->session);
  if (result == 0 && *count > 0) token->key = keys[0];
  return result;
}

static rv make_key(cvm_token *token, const char *name) {
  unsigned char yes = 1, no = 0;
  word size = 32;
  struct mechanism mechanism = {aes_key_gen, NULL, 0};
  struct attribute wanted[] = {
      {a_token, &yes, 1},   {a_private, &yes, 1}, {a_sensitive, &yes, 1},           {a_extractable, &no, 1},
      {a_encrypt, &yes, 1}, {a_decrypt, &yes, 1}, {a_wrap, &no, 1},   {a_unwrap, &no, 1},
      {a_sign, &no, 1},     {a_verify, &no, 1},   {a_value_size, &size, sizeof size}, {a_label, (void *)name, strlen(name)}};
  return CALL(token, at_generate_key, (word, struct mechanism *, struct attribute *, word, word *), token->session,
              &mechanism, wanted, sizeof wanted / sizeof *wanted, &token->key);
}

unsigned long cvm_token_key(cvm_token *token, const char *name, int make) {
  word count = 0;
  rv result = find_key(token, name, &count);
  if (result != 0 || count == 1) return result;
  return count == 0 && make ? make_key(token, name) : cvm_pkcs11_no_key;
}

unsigned long cvm_token_seal(cvm_token *token, const unsigned char *nonce, const unsigned char *data, size_t data_count,
                             const void *input, size_t count, void *output) {
  struct gcm parameter = {(void *)nonce, 12, 96, (void *)data, data_count, 128};
  struct mechanism mechanism = {aes_gcm, &parameter, sizeof parameter};
  word size = count + 16;
  rv result = CALL(token, at_encrypt_init, (word, struct mechanism *, word), token->session, &mechanism, token->key);
  if (result != 0) return result;
  result =
      CALL(token, at_encrypt, (word, const void *, word, void *, word *), token->session, input, count, output, &size);
  return result != 0 ? result : size == count + 16 ? 0 : (rv)cvm_pkcs11_odd_length;
}

unsigned long cvm_token_unseal(cvm_token *token, const unsigned char *nonce, const unsigned char *data,
                               size_t data_count, const void *input, size_t count, void *output) {
  /* A module may want room for the tag too: it gets it, and gives back what is left. */
  unsigned char room[256];
  if (count < 16 || count > sizeof room) return cvm_pkcs11_odd_length;
  struct gcm parameter = {(void *)nonce, 12, 96, (void *)data, data_count, 128};
  struct mechanism mechanism = {aes_gcm, &parameter, sizeof parameter};
  word size = sizeof room;
  rv result = CALL(token, at_decrypt_init, (word, struct mechanism *, word), token->session, &mechanism, token->key);
  if (result == 0) {
    result = CALL(token, at_decrypt, (word, const void *, word, void *, word *), token->session, input, count, room,
                  &size);
  }
  if (result == 0 && size != count - 16) result = cvm_pkcs11_odd_length;
  if (result == 0) memcpy(output, room, count - 16);
  explicit_bzero(room, sizeof room);
  return result;
}
