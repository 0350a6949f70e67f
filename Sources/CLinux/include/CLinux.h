/* The few Linux calls that Swift's Glibc module lacks. Each returns 0 or a value, or -1 with errno set. */
#ifndef CVM_LINUX_H
#define CVM_LINUX_H

#include <stddef.h>
#include <stdint.h>

/* renameat2(2) with RENAME_NOREPLACE: fails with EEXIST rather than replace `to`. */
int cvm_rename_noreplace(const char *_Nonnull from, const char *_Nonnull to);

/* renameat2(2) with RENAME_EXCHANGE: each of two names gets what the other one had, in one step. */
int cvm_rename_exchange(const char *_Nonnull first, const char *_Nonnull second);

/* memfd_create(2) with MFD_CLOEXEC unless `inherit`: a descriptor of anonymous memory. */
int cvm_memfd(const char *_Nonnull name, int inherit);

/* prctl(PR_SET_DUMPABLE, 0) and RLIMIT_CORE 0: no core dump and no ptrace by the same user. */
int cvm_forbid_dumps(void);

/* SO_PEERCRED of a connected unix socket. */
int cvm_peer(int fd, int32_t *_Nonnull pid, uint32_t *_Nonnull uid, uint32_t *_Nonnull gid);

/* How many descriptors one message can carry (SCM_MAX_FD of the kernel). */
enum { cvm_descriptors_max = 253 };

/* recvmsg(2), not blocking, of up to `size` bytes and the descriptors (SCM_RIGHTS, close-on-exec) that came with
   them. `fds` has room for cvm_descriptors_max; `*count` tells how many arrived. 0 bytes is the end; EMSGSIZE says
   that descriptors were lost (those that arrived are closed). */
ptrdiff_t cvm_receive(int fd, void *_Nonnull bytes, size_t size, int *_Nonnull fds, int *_Nonnull count);

/* sendmsg(2), not blocking, without SIGPIPE, of `bytes` with `count` descriptors. */
ptrdiff_t cvm_send(int fd, const void *_Nonnull bytes, size_t size, const int *_Nullable fds, int count);

/* A close-on-exec unix stream socket, bound to `path` and listening. ENAMETOOLONG where `path` does not fit. */
int cvm_unix_listen(const char *_Nonnull path);

/* A close-on-exec, nonblocking unix stream socket, connected to the listener at `path`. */
int cvm_unix_connect(const char *_Nonnull path);

/* accept4(2): close-on-exec and nonblocking. */
int cvm_unix_accept(int listener);

/* The path that a unix socket is bound to, NUL-terminated. ENOENT for a socket without one, EAFNOSUPPORT for
   another family. */
int cvm_unix_path(int fd, char *_Nonnull path, size_t size);

/* open(2) of a directory, with O_PATH and O_CLOEXEC. */
int cvm_open_directory(const char *_Nonnull path);

/* openat(2) with O_PATH, O_NOFOLLOW and O_CLOEXEC: a handle to whatever `name` is, a socket too. */
int cvm_open_handle(int directory, const char *_Nonnull name);

/* pipe2(2) with O_CLOEXEC. */
int cvm_pipe(int *_Nonnull reader, int *_Nonnull writer);

/* posix_spawn(3) of `path`: /dev/null as descriptors 0 and 2, `output` as 1 (/dev/null if negative), fds[i] as 3 + i, no
   other descriptor; default signal actions, no signal blocked; a session of its own if `new_session`. Returns the
   process id. */
int cvm_spawn(const char *_Nonnull path, char *const _Nullable *_Nonnull argv, char *const _Nullable *_Nonnull envp,
              const int *_Nonnull fds, int count, int output, int new_session);

/* Freed memory stays with the process, to be allocated again without page faults (mallopt(3)). */
void cvm_keep_freed_memory(void);

/* fcntl(2) with F_OFD_SETLK: the exclusive lock on one byte of a file, held by this opening of it until its last descriptor
   is closed. EAGAIN where another opening has it. */
int cvm_lock_byte(int fd, int64_t offset);

/* Sets or clears close-on-exec. */
int cvm_close_on_exec(int fd, int on);

#endif
