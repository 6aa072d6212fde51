// The name that a host gets when nobody gives it one.

/**
 * @param address `[user@]host[:port]`
 * @returns `10-0-0-7-2222` for `ada@10.0.0.7:2222`; an empty text for what has no letter and no digit
 */
export const hostNameFrom = (address: string): string =>
  address
    .slice(address.lastIndexOf('@') + 1)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
