// Kernel settings of this network namespace that the pod network needs, put back as they were on removal.
import { readFileSync, writeFileSync } from 'node:fs'
import { asStringRecord, readState, removeState, writeStateSync } from './state-file.ts'

/** Setting → value it must have. */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['net/ipv4/ip_forward', '1'],
  // NodePorts answer on 127.0.0.1 as well; the `guard` chain drops what others send to loopback addresses.
  ['net/ipv4/conf/all/route_localnet', '1'],
])

const pathOf = (name: string): string => `/proc/sys/${name}`
const read = (name: string): string => readFileSync(pathOf(name), 'utf8').trim()

/** Connections carry byte counts: only while somebody looks at them. */
const COUNTING = 'net/netfilter/nf_conntrack_acct'

/**
 * Sets what is needed and remembers the values found first, so that a second start does not take ours for theirs.
 * @throws Error naming the setting that cannot be changed (read-only /proc/sys)
 */
export function applySysctls(statePath: string): void {
  for (const [name, value] of NEEDED) apply(statePath, name, value)
}

/** @throws Error when /proc/sys is read-only or the kernel does not count */
export const countConnections = (statePath: string): void => apply(statePath, COUNTING, '1')

function apply(statePath: string, name: string, value: string): void {
  const found = read(name)
  if (found === value) return
  const original = asStringRecord(readState(statePath))
  if (!original.has(name)) writeStateSync(statePath, { ...Object.fromEntries(original), [name]: found })
  try {
    writeFileSync(pathOf(name), value)
  } catch (error) {
    throw new Error(`cannot set ${name.replaceAll('/', '.')} to ${value}: ${String(error)}`, { cause: error })
  }
}

export function restoreSysctls(statePath: string): void {
  for (const [name, value] of asStringRecord(readState(statePath))) {
    if (NEEDED.has(name) || name === COUNTING) writeFileSync(pathOf(name), value)
  }
  removeState(statePath)
}
