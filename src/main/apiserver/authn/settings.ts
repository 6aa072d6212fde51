// Who may log in how, besides what every cluster has: upstream's AuthenticationConfiguration, as far as it names claims.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
import { isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'
import { type OidcIssuer, SIGNING_ALGS } from './oidc/id-tokens.ts'

export interface AnonymousSettings {
  readonly enabled: boolean
  /** The only paths that need no log-in; absent = whatever roles allow. */
  readonly paths?: readonly string[]
}

export interface AuthenticationSettings {
  readonly issuers?: readonly OidcIssuer[]
  readonly anonymous?: AnonymousSettings
}

const API_VERSION = /^apiserver\.config\.k8s\.io\/v1(beta1|alpha1)?$/

/** @throws Error that says where the file is wrong */
class Reader {
  readonly #value: unknown
  readonly #path: string
  constructor(value: unknown, path: string) {
    this.#value = value
    this.#path = path
  }
  field(name: string): Reader {
    return new Reader(this.object[name], this.#path === '' ? name : `${this.#path}.${name}`)
  }
  get isAbsent(): boolean {
    return this.#value === undefined || this.#value === null
  }
  get object(): JsonObject {
    if (!isObject(this.#value)) throw this.wrong('must be a map')
    return this.#value
  }
  get text(): string {
    if (typeof this.#value !== 'string' || this.#value === '') throw this.wrong('must be a text')
    return this.#value
  }
  get optionalText(): string {
    return this.isAbsent || this.#value === '' ? '' : this.text
  }
  get items(): Reader[] {
    if (this.isAbsent) return []
    if (!Array.isArray(this.#value)) throw this.wrong('must be a list')
    return this.#value.map((item, i) => new Reader(item, `${this.#path}[${i}]`))
  }
  /** Only what is known may be said: a setting that is ignored is a hole. */
  only(...names: readonly string[]): this {
    for (const name of Object.keys(this.object))
      if (!names.includes(name)) throw this.field(name).wrong('is not supported')
    return this
  }
  wrong(why: string): Error {
    return new Error(`${this.#path || 'the file'} ${why}`)
  }
}

function claimOf(mapping: Reader): { claim: string; prefix: string } {
  mapping.only('claim', 'prefix')
  return { claim: mapping.field('claim').text, prefix: mapping.field('prefix').optionalText }
}

function issuerOf(given: Reader): OidcIssuer {
  given.only('issuer', 'claimMappings', 'claimValidationRules')
  const issuer = given.field('issuer').only('url', 'audiences', 'certificateAuthority', 'audienceMatchPolicy')
  const url = issuer.field('url')
  if (!url.text.startsWith('https://')) throw url.wrong('must begin with https://')
  const audiences = issuer.field('audiences').items.map(({ text }) => text)
  if (audiences.length === 0) throw issuer.field('audiences').wrong('must name an audience')
  const mappings = given.field('claimMappings').only('username', 'groups', 'uid')
  const username = claimOf(mappings.field('username'))
  const groups = mappings.field('groups').isAbsent ? undefined : claimOf(mappings.field('groups'))
  const rules = given.field('claimValidationRules').items.map(rule => rule.only('claim', 'requiredValue'))
  const caPem = issuer.field('certificateAuthority').optionalText
  return {
    url: url.text,
    audiences,
    ...(caPem ? { caPem } : {}),
    usernameClaim: username.claim,
    usernamePrefix: username.prefix,
    ...(groups ? { groupsClaim: groups.claim } : {}),
    groupsPrefix: groups?.prefix ?? '',
    ...(mappings.field('uid').isAbsent ? {} : { uidClaim: mappings.field('uid').only('claim').field('claim').text }),
    requiredClaims: Object.fromEntries(
      rules.map(rule => [rule.field('claim').text, rule.field('requiredValue').optionalText]),
    ),
    signingAlgs: SIGNING_ALGS,
  }
}

/** @param value the parsed file @throws Error that says where it is wrong */
export function parseAuthenticationConfiguration(value: unknown): AuthenticationSettings {
  const file = new Reader(value, '')
  if (
    !API_VERSION.test(file.field('apiVersion').optionalText) ||
    file.field('kind').text !== 'AuthenticationConfiguration'
  )
    throw file.wrong('is no AuthenticationConfiguration of apiserver.config.k8s.io/v1')
  file.only('apiVersion', 'kind', 'jwt', 'anonymous')
  const anonymous = file.field('anonymous')
  const issuers = file.field('jwt').items.map(issuerOf)
  if (anonymous.isAbsent) return { issuers }
  const { enabled } = anonymous.only('enabled', 'conditions').object
  const paths = anonymous.field('conditions').items.map(condition => condition.only('path').field('path').text)
  return { issuers, anonymous: { enabled: enabled === true, ...(paths.length > 0 ? { paths } : {}) } }
}
