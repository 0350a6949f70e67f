#include "CLibvirt.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* A POSIX system's dlsym returns functions as object pointers; a copy of the bytes is the conversion that C allows. */
static int find(void *library, const char *name, void *field) {
  void *symbol = dlsym(library, name);
  memcpy(field, &symbol, sizeof symbol);
  return symbol != NULL;
}

int cvm_libvirt_open(const char *file, cvm_libvirt *table, char *problem, size_t size) {
  void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    const char *text = dlerror();
    snprintf(problem, size, "%s", text ? text : file);
    return -1;
  }
#define CVM_FIND(name) \
  if (!find(library, #name, &table->name)) { \
    snprintf(problem, size, "%s lacks %s: libvirt 9.0 or later is needed", file, #name); \
    dlclose(library); \
    return -1; \
  }
  CVM_LIBVIRT_REQUIRED(CVM_FIND)
#undef CVM_FIND
#define CVM_FIND(name) find(library, #name, &table->name);
  CVM_LIBVIRT_OPTIONAL(CVM_FIND)
#undef CVM_FIND
  return 0;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cvm_libvirt loaded;
static char failure[512];
static int usable;

static void say_nothing(void *opaque, virErrorPtr error) {
  (void)opaque;
  (void)error;
}

static void load(void) {
  if (cvm_libvirt_open("libvirt.so.0", &loaded, failure, sizeof failure) < 0) return;
  if (loaded.virInitialize() < 0) {
    snprintf(failure, sizeof failure, "libvirt.so.0 could not be initialised");
    return;
  }
  loaded.virSetErrorFunc(NULL, say_nothing);
  usable = 1;
}

const cvm_libvirt *cvm_libvirt_load(const char **problem) {
  pthread_once(&once, load);
  *problem = usable ? NULL : failure;
  return usable ? &loaded : NULL;
}

static int answer_nothing(virConnectCredentialPtr wanted, unsigned int count, void *opaque) {
  (void)wanted;
  (void)count;
  (void)opaque;
  return -1;
}

virConnectAuthPtr cvm_libvirt_auth(void) {
  /* The kinds that libvirt may look up in auth.conf before it would ask. */
  static int kinds[] = {
      VIR_CRED_AUTHNAME, VIR_CRED_ECHOPROMPT, VIR_CRED_REALM, VIR_CRED_PASSPHRASE, VIR_CRED_NOECHOPROMPT,
  };
  static virConnectAuth auth = {
      .credtype = kinds,
      .ncredtype = sizeof kinds / sizeof kinds[0],
      .cb = answer_nothing,
  };
  return &auth;
}

virConnectDomainEventGenericCallback cvm_libvirt_lifecycle(virConnectDomainEventCallback callback) {
  return VIR_DOMAIN_EVENT_CALLBACK(callback);
}
