// Kernel settings of this network namespace that the pod network needs, put back as they were on removal.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { POD_LINK_PREFIX } from '../../shared/machinery/node-network.ts'
import { asStringRecord, readState, removeState, writeStateSync } from './state-file.ts'

/** Setting → value it must have. */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['net/ipv4/ip_forward', '1'],
  // NodePorts answer on 127.0.0.1 as well; the `guard` chain drops what others send to loopback addresses.
  ['net/ipv4/conf/all/route_localnet', '1'],
])

const FORWARDING_6 = 'net/ipv6/conf/all/forwarding'
const ROUTER_ADVERTISEMENTS = /^net\/ipv6\/conf\/[^/]+\/accept_ra$/
/** Connections carry byte counts: only while somebody looks at them. */
const COUNTING = 'net/netfilter/nf_conntrack_acct'

const pathOf = (name: string): string => `/proc/sys/${name}`
const read = (name: string): string => readFileSync(pathOf(name), 'utf8').trim()

/**
 * Sets what is needed and remembers the values found first, so that a second start does not take ours for theirs.
 * @param hasIPv6 whether pods have IPv6 as well
 * @throws Error naming the setting that cannot be changed (read-only /proc/sys)
 */
export function applySysctls(statePath: string, hasIPv6: boolean): void {
  for (const [name, value] of NEEDED) apply(statePath, name, value)
  if (!hasIPv6 || read(FORWARDING_6) === '1') return
  // A machine that forwards gives up the routes it learned from routers, unless it is told to go on listening (2).
  for (const link of readdirSync(pathOf('net/ipv6/conf'))) {
    const name = `net/ipv6/conf/${link}/accept_ra`
    if (link === 'all' || link === 'default' || link === 'lo' || link.startsWith(POD_LINK_PREFIX)) continue
    try {
      if (read(name) === '1') apply(statePath, name, '2')
    } catch (error) {
      if (existsSync(pathOf(name))) throw error // else an interface, of a container perhaps, that is gone by now
    }
  }
  apply(statePath, FORWARDING_6, '1')
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

/** The last first: a machine that no longer forwards may go back to how it listened to routers. */
export function restoreSysctls(statePath: string): void {
  for (const [name, value] of [...asStringRecord(readState(statePath))].reverse()) {
    const isOurs = NEEDED.has(name) || name === COUNTING || name === FORWARDING_6 || ROUTER_ADVERTISEMENTS.test(name)
    // An interface may be gone, and its settings with it.
    if (isOurs && existsSync(pathOf(name))) writeFileSync(pathOf(name), value)
  }
  removeState(statePath)
}
