// Tokens in Secrets, which never expire: since when their use is written down, and what is written on them.
// @see KEP-2799
import type { Secret } from '../api/core/v1.ts'

const TOKEN_SECRET_TYPE = 'kubernetes.io/service-account-token'
/** Annotations: whose token it is. */
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid'
/** Labels; both hold a day. */
export const LAST_USED = 'kubernetes.io/legacy-token-last-used'
export const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since'
/** The ConfigMap that says in `since` from which day on uses are written down. */
export const TRACKING = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' }

/** @returns `YYYY-MM-DD`, in UTC */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

export const isDay = (text: string | undefined): text is string =>
  text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

export const isTokenSecret = ({ type }: Pick<Secret, 'type'>): boolean => type === TOKEN_SECRET_TYPE
