// What a bootstrap token's Secret says.
// @see https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#bootstrap-token-secret-format
import type { Secret } from '../api/core/v1.ts'

export const BOOTSTRAP_TOKEN_TYPE = 'bootstrap.kubernetes.io/token'

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

/** @param id the token's public part, before its dot */
export const bootstrapTokenSecretName = (id: string): string => `bootstrap-token-${id}`

/** @returns '' for what the Secret does not say */
export const bootstrapTokenField = ({ data }: Pick<Secret, 'data'>, field: string): string => atob(data?.[field] ?? '')

/** @returns milliseconds since the epoch; undefined = never; what cannot be read has ended long ago */
export function bootstrapTokenEndsAt(secret: Pick<Secret, 'data'>): number | undefined {
  const expiration = bootstrapTokenField(secret, 'expiration')
  if (expiration === '') return undefined
  const endsAtMs = RFC3339.test(expiration) ? Date.parse(expiration) : NaN
  return Number.isNaN(endsAtMs) ? 0 : endsAtMs
}

/** What a Secret has instead of `token-secret` when only a hash is kept: SHA-256, hexadecimal. */
export const TOKEN_SECRET_HASH = 'token-secret-sha256'
/** Annotation: the token is good for one machine. */
export const SINGLE_USE = 'flotilla.dev/single-use'
/** Annotation: SHA-256 of the key that the token got a certificate for, and when. */
export const USED_BY = 'flotilla.dev/used-by'
export const USED_AT = 'flotilla.dev/used-at'
/** Annotation of a request for a node's certificate: the machine-id of who asks. */
export const MACHINE_ID = 'flotilla.dev/machine-id'
/** How long the machine has to fetch its certificate before the token goes. */
export const USED_TOKEN_LIFE_MS = 60_000
