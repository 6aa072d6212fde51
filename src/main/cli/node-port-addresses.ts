// Parses `--nodeport-addresses`, kube-proxy's flag.
import { parseCidr } from '../../shared/machinery/ipv4.ts'
import { UsageError } from '../process/usage-error.ts'

/** Accepts `192.168.0.0/16,primary`. @returns ranges of the nodes' addresses, or `primary` @throws UsageError */
export function parseNodePortAddresses(text: string): string[] {
  const parts = text.split(',').map(part => part.trim())
  const wrong = parts.find(part => part !== 'primary' && !(part.includes('/') && parseCidr(part)))
  if (wrong === undefined) return parts
  throw new UsageError(
    `--nodeport-addresses wants IPv4 ranges such as 192.168.0.0/16, or primary, not ${JSON.stringify(wrong)}`,
  )
}
