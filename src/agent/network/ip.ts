// iproute2: several commands in one process, and its JSON listings.
import type { Run } from './exec.ts'
import { type Family, IPV4 } from './family.ts'

/**
 * Runs the lines as one `ip -batch`, stopping at the first that fails.
 * @param pid run them in the network namespace of this process
 */
export async function ipBatch(run: Run, lines: readonly string[], pid?: number): Promise<void> {
  if (lines.length === 0) return
  const enter = pid === undefined ? [] : ['nsenter', '-t', String(pid), '-n', '--']
  const [file = 'ip', ...rest] = [...enter, 'ip', '-batch', '-']
  await run([file, ...rest], { input: `${lines.join('\n')}\n` })
}

/**
 * The same, going on after failures: for removals of what may be gone already.
 * @param family of what the lines name without an address. Default: each line's own, and IPv4 where it has none; `ip`
 * ends at the first address of another family than the one it was told.
 */
export async function ipBatchForce(run: Run, lines: readonly string[], family?: Family): Promise<void> {
  if (lines.length === 0) return
  const option = family ? [familyOption(family)] : []
  await run(['ip', ...option, '-force', '-batch', '-'], { input: `${lines.join('\n')}\n` }).catch(() => undefined)
}

export interface Link {
  readonly ifindex: number
  readonly ifname: string
  readonly mtu: number
  readonly ifalias?: string
  readonly address?: string
}

export interface Address {
  readonly ifname: string
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen?: number; readonly family: string }[]
}

export interface Route {
  readonly dst: string
  readonly dev?: string
  readonly gateway?: string
  /** `kernel`, `dhcp`, a number. */
  readonly protocol?: string
  /** Absent: `unicast`. */
  readonly type?: string
}

const familyOption = ({ name }: Family): string => (name === 'IPv6' ? '-6' : '-4')

// `ip -j` prints nothing at all for some empty listings.
const decode = (text: string): unknown => (text.trim() === '' ? [] : JSON.parse(text))

export const listLinks = async (run: Run): Promise<Link[]> => decode(await run(['ip', '-j', 'link', 'show'])) as Link[]

export const listAddresses = async (run: Run, family = IPV4): Promise<Address[]> =>
  decode(await run(['ip', '-j', familyOption(family), 'address', 'show'])) as Address[]

/** @param selector such as `['proto', '117']` */
export const listRoutes = async (run: Run, selector: readonly string[] = [], family = IPV4): Promise<Route[]> =>
  decode(await run(['ip', '-j', familyOption(family), 'route', 'show', ...selector])) as Route[]
