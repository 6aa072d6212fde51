// IPv4 ranges: `10.96.0.0/16`.

function toNumber(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some(part => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}

interface Range {
  readonly first: number
  readonly last: number
}

function rangeOf(cidr: string): Range | undefined {
  const [base = '', bits = ''] = cidr.split('/')
  const network = toNumber(base)
  if (network === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined
  const size = 2 ** (32 - Number(bits))
  return { first: network - (network % size), last: network - (network % size) + size - 1 }
}

/** @returns false for what is no IPv4 range or address */
export function cidrContains(cidr: string, address: string): boolean {
  const range = rangeOf(cidr)
  const value = toNumber(address)
  return range !== undefined && value !== undefined && value >= range.first && value <= range.last
}

/** Whether the text is an IPv4 range whose address is its own network's. */
export function isNetwork(cidr: string): boolean {
  const range = rangeOf(cidr)
  return range !== undefined && toNumber(cidr.split('/')[0] ?? '') === range.first
}
