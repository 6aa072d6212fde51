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

/**
 * Sets what is needed and remembers the values found first, so that a second start does not take ours for theirs.
 * @throws Error naming the setting that cannot be changed (read-only /proc/sys)
 */
export function applySysctls(statePath: string): void {
  const original = asStringRecord(readState(statePath))
  for (const [name, value] of NEEDED) {
    const found = read(name)
    if (found === value) continue
    if (!original.has(name)) {
      original.set(name, found)
      writeStateSync(statePath, Object.fromEntries(original))
    }
    try {
      writeFileSync(pathOf(name), value)
    } catch (error) {
      throw new Error(`cannot set ${name.replaceAll('/', '.')} to ${value}: ${String(error)}`, { cause: error })
    }
  }
}

export function restoreSysctls(statePath: string): void {
  for (const [name, value] of asStringRecord(readState(statePath))) {
    if (NEEDED.has(name)) writeFileSync(pathOf(name), value)
  }
  removeState(statePath)
}
