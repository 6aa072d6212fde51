// Tells whether packets of another machine come to the port of the nodes' tunnels. Which port that is says the node alone.
import { parseIPv4 } from '../../shared/machinery/ipv4.ts'
import type { Arrivals } from '../../shared/machinery/arrivals.ts'
import { TooManyArrivalsError } from '../network/reach/arrivals.ts'
import { type ApiContext, HttpError } from './contract.ts'

/** Of a machine: not this one, not many. */
const isOfMachine = (address: string): boolean => {
  const first = (parseIPv4(address) ?? 0) >>> 24
  return first > 0 && first !== 127 && first < 224
}

/** @throws HttpError 400, 429 */
export async function arrivalsFrom({ network }: ApiContext, query: URLSearchParams): Promise<Arrivals> {
  const from = query.get('from') ?? ''
  if (!isOfMachine(from)) throw new HttpError(400, `from=${JSON.stringify(from)} is not the IPv4 address of a machine`)
  try {
    return { arrived: await network.arrivals(from) }
  } catch (error) {
    if (error instanceof TooManyArrivalsError) throw new HttpError(429, error.message)
    throw error
  }
}
