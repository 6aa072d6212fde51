// What a URL names as host, as sockets take it.

/** @returns without the brackets that URLs have around addresses of IPv6 */
export const hostOf = ({ hostname }: Pick<URL, 'hostname'>): string => hostname.replace(/^\[|\]$/g, '')
