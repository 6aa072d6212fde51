// When the cluster's certificates begin: a little before they are made, as clocks of other machines may be behind.

/** Every certificate of this cluster's CA is issued this long after its `notBefore`. */
export const BACKDATE_MS = 5 * 60_000
