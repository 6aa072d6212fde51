// What may be asked of the kernel in a sandbox: what the pause program needs, and runtimes in their last steps before they
// become it, such as runc with Go's threads, signals and timers. Less than the engine's own profile allows, and much
// sooner made into a filter: its hundreds of rules are a quarter of what it takes to start a sandbox.
// @see https://docs.docker.com/engine/security/seccomp/
const CALLS = [
  // The program itself.
  'exit exit_group rt_sigaction rt_sigprocmask rt_sigtimedwait',
  // Processes and threads.
  'arch_prctl capget capset clone clone3 execve execveat futex getegid geteuid getgid getgroups getpgrp getpid getppid',
  'getresgid getresuid getrlimit gettid getuid membarrier prctl prlimit64 rseq sched_getaffinity sched_yield',
  'set_robust_list set_tid_address setgid setgroups setgroups32 setresgid setresuid setrlimit setsid setuid umask uname',
  'wait4 waitid',
  // Memory.
  'brk madvise memfd_create mincore mmap mprotect mremap munmap',
  // Signals and time.
  'clock_getres clock_gettime clock_nanosleep getitimer gettimeofday kill nanosleep pause restart_syscall rt_sigpending',
  'rt_sigqueueinfo rt_sigreturn rt_sigsuspend setitimer sigaltstack tgkill timer_create timer_delete timer_settime tkill',
  // What is open already, and files.
  'access chdir close close_range dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait',
  'eventfd2 faccessat faccessat2 fchdir fcntl fstat fstatfs getcwd getdents64 getrandom ioctl lseek lstat newfstatat open',
  'openat openat2 pipe pipe2 poll ppoll pread64 preadv pselect6 pwrite64 read readlink readlinkat readv recvmsg select',
  'sendmsg stat statfs statx write writev',
]

/** In the engine's format; names that a machine does not have are passed over. */
export const PAUSE_SECCOMP = JSON.stringify({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [{ names: CALLS.flatMap(line => line.split(' ')), action: 'SCMP_ACT_ALLOW' }],
})
