// IPv4 networks, as far as the preflight needs them.
const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

function range(cidr: string): [first: number, last: number] {
  const [address = '', bits = '32'] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  const first = Math.floor(toNumber(address) / size) * size
  return [first, first + size - 1]
}

export function overlaps(a: string, b: string): boolean {
  const [[aFirst, aLast], [bFirst, bLast]] = [range(a), range(b)]
  return aFirst <= bLast && bFirst <= aLast
}

/** @returns whether all of `b` is in `a` */
export function contains(a: string, b: string): boolean {
  const [[aFirst, aLast], [bFirst, bLast]] = [range(a), range(b)]
  return aFirst <= bFirst && bLast <= aLast
}
