/* libvirt's public headers and a table of its functions, loaded on first use: a process that never talks to libvirt
   does not pay for loading it, and runs where it is not installed. */
#ifndef CVM_LIBVIRT_H
#define CVM_LIBVIRT_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stddef.h>

/* Present in every libvirt.so.0 since 9.0.0: without one of them nothing is loaded. */
#define CVM_LIBVIRT_REQUIRED(X) \
  /* library and errors */ \
  X(virInitialize) X(virGetVersion) X(virGetLastError) X(virSetErrorFunc) \
  /* connection */ \
  X(virConnectOpenAuth) X(virConnectClose) X(virConnectIsAlive) X(virConnectGetURI) X(virConnectGetType) \
  X(virConnectGetVersion) X(virConnectGetLibVersion) X(virConnectGetHostname) X(virConnectGetCapabilities) \
  X(virConnectGetDomainCapabilities) X(virNodeGetSEVInfo) \
  /* typed parameters */ \
  X(virTypedParamsAddString) X(virTypedParamsAddULLong) X(virTypedParamsFree) \
  /* domains: finding and reading */ \
  X(virConnectGetAllDomainStats) X(virDomainStatsRecordListFree) X(virConnectListAllDomains) \
  X(virDomainLookupByName) X(virDomainLookupByUUIDString) X(virDomainLookupByID) X(virDomainFree) \
  X(virDomainGetName) X(virDomainGetUUID) X(virDomainGetID) X(virDomainGetState) X(virDomainGetInfo) \
  X(virDomainGetOSType) X(virDomainIsPersistent) X(virDomainGetAutostart) X(virDomainHasManagedSaveImage) \
  X(virDomainGetXMLDesc) X(virDomainMemoryStats) \
  /* domains: acts */ \
  X(virDomainDefineXMLFlags) X(virDomainUndefineFlags) X(virDomainCreateXML) X(virDomainCreateWithFlags) \
  X(virDomainShutdownFlags) X(virDomainReboot) X(virDomainReset) X(virDomainSuspend) X(virDomainResume) \
  X(virDomainDestroyFlags) X(virDomainGetLaunchSecurityInfo) X(virDomainSetLaunchSecurityState) \
  /* event loop and events */ \
  X(virEventRegisterDefaultImpl) X(virEventRunDefaultImpl) X(virEventAddTimeout) X(virEventUpdateTimeout) \
  X(virEventRemoveTimeout) X(virConnectDomainEventRegisterAny) X(virConnectDomainEventDeregisterAny) \
  X(virConnectRegisterCloseCallback) X(virConnectUnregisterCloseCallback) X(virConnectSetKeepAlive) \
  /* console */ \
  X(virDomainOpenConsole) X(virStreamNew) X(virStreamSend) X(virStreamRecv) X(virStreamFinish) X(virStreamAbort) \
  X(virStreamFree) X(virStreamEventAddCallback) X(virStreamEventUpdateCallback) X(virStreamEventRemoveCallback)

/* Newer than 9.0.0, or left out by some builds: a field is NULL where the library has no such function. */
#define CVM_LIBVIRT_OPTIONAL(X) X(virDomainGetControlInfo)

#pragma clang assume_nonnull begin

/* One field a function, typed by libvirt's own prototype. */
typedef struct cvm_libvirt {
#define CVM_FIELD(name) __typeof__(&name) name;
  CVM_LIBVIRT_REQUIRED(CVM_FIELD)
#undef CVM_FIELD
#define CVM_FIELD(name) __typeof__(&name) _Nullable name;
  CVM_LIBVIRT_OPTIONAL(CVM_FIELD)
#undef CVM_FIELD
} cvm_libvirt;

/* Loads `file` into `table`. Returns 0, or -1 with a text that names the missing library or function. */
int cvm_libvirt_open(const char *file, cvm_libvirt *table, char *problem, size_t size);

/* The table of libvirt.so.0, loaded and initialised once a process, with libvirt's printing of errors on stderr turned
   off. NULL where it cannot be loaded: then *problem says why. */
const cvm_libvirt *_Nullable cvm_libvirt_load(const char *_Nullable *_Nonnull problem);

/* Credentials for virConnectOpenAuth: libvirt's own files (auth.conf) may answer, nobody is ever prompted. */
virConnectAuthPtr cvm_libvirt_auth(void);

/* virConnectDomainEventRegisterAny takes every kind of callback under one type. */
virConnectDomainEventGenericCallback cvm_libvirt_lifecycle(virConnectDomainEventCallback callback);

#pragma clang assume_nonnull end
#endif
