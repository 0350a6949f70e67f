#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int cvm_rename_noreplace(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int cvm_rename_exchange(const char *first, const char *second) {
  return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
}

int cvm_memfd(const char *name, int inherit) {
  return memfd_create(name, inherit ? 0 : MFD_CLOEXEC);
}

int cvm_forbid_dumps(void) {
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int cvm_peer(int fd, int32_t *pid, uint32_t *uid, uint32_t *gid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  *pid = peer.pid;
  *uid = peer.uid;
  *gid = peer.gid;
  return 0;
}

ptrdiff_t cvm_receive(int fd, void *bytes, size_t size, int *fds, int *count) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * cvm_descriptors_max)];
  } control;
  struct iovec vector = {bytes, size};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  *count = 0;
  ptrdiff_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    int found = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (int i = 0; i < found && *count < cvm_descriptors_max; i++) {
      memcpy(&fds[(*count)++], CMSG_DATA(c) + sizeof(int) * (size_t)i, sizeof(int));
    }
  }
  if (message.msg_flags & MSG_CTRUNC) {
    while (*count > 0) close(fds[--*count]);
    errno = EMSGSIZE;
    return -1;
  }
  return got;
}

ptrdiff_t cvm_send(int fd, const void *bytes, size_t size, const int *fds, int count) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * cvm_descriptors_max)];
  } control;
  struct iovec vector = {(void *)bytes, size};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (count < 0 || count > cvm_descriptors_max) {
    errno = EINVAL;
    return -1;
  }
  if (count > 0) {
    size_t length = sizeof(int) * (size_t)count;
    memset(&control, 0, sizeof control);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(length);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(&control.header), fds, length);
  }
  return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int unix_address(const char *path, struct sockaddr_un *address) {
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof address->sun_path) {
    errno = length == 0 ? ENOENT : ENAMETOOLONG;
    return -1;
  }
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length + 1);
  return 0;
}

static int close_keeping_errno(int fd) {
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

int cvm_unix_listen(const char *path) {
  struct sockaddr_un address;
  if (unix_address(path, &address) != 0) return -1;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0) {
    return close_keeping_errno(fd);
  }
  return fd;
}

int cvm_unix_connect(const char *path) {
  struct sockaddr_un address;
  if (unix_address(path, &address) != 0) return -1;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return close_keeping_errno(fd);
  return fd;
}

int cvm_unix_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int cvm_unix_path(int fd, char *path, size_t size) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return -1;
  if (address.sun_family != AF_UNIX) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  size_t named = length > offsetof(struct sockaddr_un, sun_path) ? length - offsetof(struct sockaddr_un, sun_path) : 0;
  if (named > sizeof address.sun_path) named = sizeof address.sun_path;
  named = strnlen(address.sun_path, named);
  if (named == 0 || named >= size) {
    errno = ENOENT;
    return -1;
  }
  memcpy(path, address.sun_path, named);
  path[named] = 0;
  return 0;
}

int cvm_open_directory(const char *path) { return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC); }

int cvm_open_handle(int directory, const char *name) {
  return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

int cvm_pipe(int *reader, int *writer) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  *reader = ends[0];
  *writer = ends[1];
  return 0;
}

int cvm_lock_byte(int fd, int64_t offset) {
  struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &byte);
}

int cvm_close_on_exec(int fd, int on) { return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0); }

static int spawn_actions(posix_spawn_file_actions_t *actions, const int *fds, int count, int output) {
  int failed = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (!failed && output >= 0) failed = posix_spawn_file_actions_adddup2(actions, output, 1);
  if (!failed && output < 0) failed = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
  if (!failed) failed = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
  for (int i = 0; i < count && !failed; i++) failed = posix_spawn_file_actions_adddup2(actions, fds[i], 3 + i);
  if (!failed) failed = posix_spawn_file_actions_addclosefrom_np(actions, 3 + count);
  return failed;
}

static int spawn_attributes(posix_spawnattr_t *attributes, int new_session) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  int failed = posix_spawnattr_setsigmask(attributes, &none);
  if (!failed) failed = posix_spawnattr_setsigdefault(attributes, &all);
  int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (new_session ? POSIX_SPAWN_SETSID : 0);
  if (!failed) failed = posix_spawnattr_setflags(attributes, (short)flags);
  return failed;
}

/* Copies above every number that the child gives out, so that no dup2 overwrites the source of a later one. */
static int raise_descriptors(const int *fds, int *raised, int count) {
  for (int i = 0; i < count; i++) {
    raised[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3 + count);
    if (raised[i] >= 0) continue;
    int why = errno;
    while (i > 0) close(raised[--i]);
    return why;
  }
  return 0;
}

int cvm_spawn(const char *path, char *const *argv, char *const *envp, const int *fds, int count, int output,
              int new_session) {
  enum { most = 16 };
  int sources[most + 1], raised[most + 1];
  if (count < 0 || count > most) {
    errno = EINVAL;
    return -1;
  }
  memcpy(sources, fds, sizeof(int) * (size_t)count);
  int all = count;
  if (output >= 0) sources[all++] = output;
  int failed = raise_descriptors(sources, raised, all);
  if (failed) {
    errno = failed;
    return -1;
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  pid_t pid = -1;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  failed = spawn_actions(&actions, raised, count, output < 0 ? -1 : raised[count]);
  if (!failed) failed = spawn_attributes(&attributes, new_session);
  if (!failed) failed = posix_spawn(&pid, path, &actions, &attributes, argv, envp);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  for (int i = 0; i < all; i++) close(raised[i]);
  errno = failed;
  return failed ? -1 : pid;
}

void cvm_keep_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}
