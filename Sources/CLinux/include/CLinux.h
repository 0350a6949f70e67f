/* The few Linux calls that Swift's Glibc module lacks. Each returns 0 or a value, or -1 with errno set. */
#ifndef CVM_LINUX_H
#define CVM_LINUX_H

#include <stdint.h>

/* renameat2(2) with RENAME_NOREPLACE: fails with EEXIST rather than replace `to`. */
int cvm_rename_noreplace(const char *_Nonnull from, const char *_Nonnull to);

/* memfd_create(2) with MFD_CLOEXEC unless `inherit`: a descriptor of anonymous memory. */
int cvm_memfd(const char *_Nonnull name, int inherit);

/* prctl(PR_SET_DUMPABLE, 0) and RLIMIT_CORE 0: no core dump and no ptrace by the same user. */
int cvm_forbid_dumps(void);

/* SO_PEERCRED of a connected unix socket. */
int cvm_peer(int fd, int32_t *_Nonnull pid, uint32_t *_Nonnull uid, uint32_t *_Nonnull gid);

#endif
