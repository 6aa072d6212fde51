// Signals that may stop a container.
const NAMED =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP ' +
  'TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'

const upTo = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)

export const STOP_SIGNALS: readonly string[] = [...NAMED.split(' '), ...upTo(15, 'RTMIN+'), ...upTo(14, 'RTMAX-')]
  .map(name => `SIG${name}`)
  .sort()

export const WINDOWS_STOP_SIGNALS: readonly string[] = ['SIGKILL', 'SIGTERM']
