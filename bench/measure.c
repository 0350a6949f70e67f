/* Runs commands in turn, A B A B, and prints what each run cost.
 *
 *   measure ROUNDS COMMAND ARGUMENT... [++ COMMAND ARGUMENT...]...
 *
 * One line a run: INDEX STATUS WALL-MICROSECONDS CPU-MICROSECONDS PEAK-RSS-KIB. Output of the commands goes to /dev/null.
 * Small on purpose: a child's peak RSS starts from that of the process which spawns it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static int run(int index, char **arguments, posix_spawn_file_actions_t *actions) {
  pid_t pid;
  int status;
  struct rusage usage;
  long long start = now();
  int failure = posix_spawnp(&pid, arguments[0], actions, NULL, arguments, environ);
  if (failure || wait4(pid, &status, 0, &usage) != pid) {
    fprintf(stderr, "measure: cannot run %s: %s\n", arguments[0], strerror(failure));
    return 1;
  }
  long long wall = now() - start;
  printf("%d %d %lld %lld %ld\n", index, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), wall,
         microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss);
  return 0;
}

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[1]) : 0;
  if (rounds < 1) {
    fprintf(stderr, "usage: measure ROUNDS COMMAND ARGUMENT... [++ COMMAND...]...\n");
    return 2;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);

  char **commands[64];
  int count = 0;
  commands[count++] = argv + 2;
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "++") == 0 && count < 64 && i + 1 < argc) {
      argv[i] = NULL;
      commands[count++] = argv + i + 1;
    }
  }
  for (int round = 0; round < rounds; round++) {
    for (int index = 0; index < count; index++) {
      if (run(index, commands[index], &actions)) return 1;
    }
  }
  return 0;
}
