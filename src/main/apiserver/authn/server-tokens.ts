// All bearer tokens that a server knows: what it was given, what it issues itself, and what issuers elsewhere sign.
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import type { Pki } from '../../pki/pki.ts'
import { bearerTokens, forThisServer, type TokenMethod } from './bearer-tokens.ts'
import { bootstrapTokenUser } from './bootstrap-tokens.ts'
import { ConfiguredIssuers } from './configuration-file.ts'
import { idTokens, type OidcIssuer } from './oidc/id-tokens.ts'
import { createServiceAccountTokens, type TokenOptions } from './service-account-tokens.ts'
import type { AuthenticationSettings } from './settings.ts'
import { type StaticToken, staticTokenUser } from './token-file.ts'

export interface ServerTokenOptions extends Pick<TokenOptions, 'lookup' | 'onSecretUsed'> {
  readonly pki: Pick<Pki, 'serviceAccountKeyPem' | 'previousServiceAccountKeyPem'>
  /** Of the tokens of service accounts, and whom tokens for this server are meant for. */
  readonly issuer: string
  /** Bearer tokens known from the start. */
  readonly tokens?: readonly StaticToken[]
  /** What else knows bearer tokens; asked last. */
  readonly tokenMethods?: readonly TokenMethod[]
  /** Issuers of ID tokens, and what needs no log-in. */
  readonly authentication?: AuthenticationSettings
  readonly clock: Clock
  readonly log: Log
}

export function serverTokens({
  pki,
  issuer,
  authentication = {},
  lookup,
  onSecretUsed,
  clock,
  log,
  ...given
}: ServerTokenOptions) {
  const apiAudiences = [issuer]
  const tokens = createServiceAccountTokens({
    keyPem: pki.serviceAccountKeyPem,
    ...(pki.previousServiceAccountKeyPem ? { previousKeyPem: pki.previousServiceAccountKeyPem } : {}),
    ...{ issuer, apiAudiences, clock, lookup, onSecretUsed },
  })
  const { issuers = [], file } = authentication
  const methodOf = (one: OidcIssuer) => idTokens(one, apiAudiences, clock, log)
  const configured = file && new ConfiguredIssuers(file, issuers, { methodOf, clock, log })
  const ofBootstrap = bootstrapTokenUser(name => lookup('Secret', 'kube-system', name), clock)
  const methods: readonly TokenMethod[] = [
    ...(given.tokens ? [forThisServer(apiAudiences, 'static-token', staticTokenUser(given.tokens))] : []),
    { name: 'service-account', verify: tokens.verify },
    ...(configured ? [configured] : issuers.map(methodOf)),
    forThisServer(apiAudiences, 'bootstrap-token', ofBootstrap),
    ...(given.tokenMethods ?? []),
  ]
  return { tokens, bearer: bearerTokens(methods, apiAudiences), configured }
}
