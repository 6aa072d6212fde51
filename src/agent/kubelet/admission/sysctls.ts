// Which kernel settings a pod may ask for: those that stay inside its own namespaces and can harm nobody else.
// @see https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls
import type { Pod } from '../../../shared/api/core/v1.ts'

const SAFE = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

/** Names may be written with slashes: where a slash comes first, slashes and dots have changed places. */
export function normalizeSysctl(name: string): string {
  const separator = /[./]/.exec(name)?.[0]
  return separator === '/' ? name.replace(/[./]/g, c => (c === '/' ? '.' : '/')) : name
}

/** @returns why a pod may not run, or undefined */
export function forbiddenSysctl({ spec }: Pod): string | undefined {
  for (const { name } of spec.securityContext?.sysctls ?? []) {
    const known = normalizeSysctl(name)
    if (!SAFE.has(known)) return `forbidden sysctl: ${JSON.stringify(name)} not allowlisted`
    if (spec.hostNetwork && known.startsWith('net.'))
      return `forbidden sysctl: ${JSON.stringify(name)} not allowed with host net enabled`
    if (spec.hostIPC && !known.startsWith('net.'))
      return `forbidden sysctl: ${JSON.stringify(name)} not allowed with host ipc enabled`
  }
  return undefined
}
