// What nobody on this host may do: some containers and sandboxes have been denied what engines take for granted.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Without `CAP_`, by their numbers. Source: capabilities(7). */
const CAPABILITIES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
]

/**
 * @param proc where the host's processes are seen
 * @returns names, without `CAP_`, of what the kernel knows and no process here can have; nothing where that cannot be read
 */
export async function deniedCapabilities(proc = '/proc'): Promise<string[]> {
  const read = (path: string) => readFile(join(proc, path), 'utf8').catch(() => '')
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(await read('1/status'))?.[1]
  if (bounding === undefined) return []
  const last = Number.parseInt(await read('sys/kernel/cap_last_cap'), 10)
  const mask = BigInt(`0x${bounding}`)
  return CAPABILITIES.filter((_name, bit) => bit <= last && ((mask >> BigInt(bit)) & 1n) === 0n)
}

/** Lowering the score below 0 takes CAP_SYS_RESOURCE: the engine would fail to start whatever asks for it. */
export const lowestOomScore = (denied: readonly string[]): number => (denied.includes('SYS_RESOURCE') ? 0 : -1000)
