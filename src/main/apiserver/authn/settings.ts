// Who may log in how, besides what every cluster has: upstream's AuthenticationConfiguration.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
import type { Compiled } from '../../cel/environment.ts'
import { ConfigurationReader as Reader } from '../configuration-reader.ts'
import type { AnonymousSettings } from './authenticator.ts'
import { compileClaims, type Rule } from './oidc/claim-expressions.ts'
import { type OidcIssuer, SIGNING_ALGS } from './oidc/id-tokens.ts'

export interface AuthenticationSettings {
  readonly issuers?: readonly OidcIssuer[]
  readonly anonymous?: AnonymousSettings
  /** Where the issuers are from: it is read again when it changes. */
  readonly file?: AuthenticationFile
}

export interface AuthenticationFile {
  readonly path: string
  /** As it was read first. */
  readonly text: string
  /** What it said of anonymous requests, which may not change while the server runs. */
  readonly anonymous: AnonymousSettings | undefined
}

const API_VERSION = /^apiserver\.config\.k8s\.io\/v1(beta1|alpha1)?$/

/** A claim with its prefix, or an expression over all claims. */
function mappingOf(mapping: Reader, kind: 'text' | 'texts', prefixed = true) {
  mapping.only('expression', 'claim', ...(prefixed ? ['prefix'] : []))
  const expression = mapping.field('expression')
  if (expression.isAbsent) return { claim: mapping.field('claim').text, prefix: mapping.field('prefix').optionalText }
  assertAlone(mapping)
  return { expression: compiled(expression, 'claims', kind), claim: '', prefix: '', text: expression.text }
}

function assertAlone(given: Reader): void {
  for (const other of ['claim', 'prefix', 'requiredValue'])
    if (!given.field(other).isAbsent) throw given.field(other).wrong('cannot stand beside an expression')
}

function compiled(given: Reader, variable: 'claims' | 'user', kind: Parameters<typeof compileClaims>[2]): Compiled {
  const made = compileClaims(given.text, variable, kind)
  if (typeof made === 'string') throw given.wrong(made)
  return made
}

function ruleOf(rule: Reader, variable: 'claims' | 'user'): Rule {
  assertAlone(rule)
  return {
    expression: compiled(rule.field('expression'), variable, 'truth'),
    message: rule.field('message').optionalText || `the rule ${rule.field('expression').text} is not met`,
  }
}

const EXTRA_KEY = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)\/[a-z0-9._~!$&'()*+,;=:@%/-]+$/

function extraOf(given: Reader): { key: string; value: Compiled }[] {
  const keys = new Set<string>()
  return given.items.map(each => {
    each.only('key', 'valueExpression')
    const key = each.field('key')
    const domain = EXTRA_KEY.exec(key.text)?.[1]
    if (domain === undefined) throw key.wrong('must be a domain in lower case, a slash and a path')
    if (/(^|\.)(kubernetes|k8s)\.io$/.test(domain)) throw key.wrong('is reserved for Kubernetes')
    if (keys.has(key.text)) throw key.wrong('is there twice')
    keys.add(key.text)
    return { key: key.text, value: compiled(each.field('valueExpression'), 'claims', 'texts') }
  })
}

function issuerOf(given: Reader): OidcIssuer {
  given.only('issuer', 'claimMappings', 'claimValidationRules', 'userValidationRules')
  const issuer = given.field('issuer').only('url', 'discoveryURL', 'audiences', 'certificateAuthority', 'audienceMatchPolicy') // prettier-ignore
  const url = issuer.field('url')
  if (!url.text.startsWith('https://')) throw url.wrong('must begin with https://')
  const discoveryURL = issuer.field('discoveryURL')
  if (discoveryURL.optionalText !== '' && !discoveryURL.text.startsWith('https://'))
    throw discoveryURL.wrong('must begin with https://')
  const audiences = issuer.field('audiences').items.map(({ text }) => text)
  if (audiences.length === 0) throw issuer.field('audiences').wrong('must name an audience')
  const mappings = given.field('claimMappings').only('username', 'groups', 'uid', 'extra')
  const username = mappingOf(mappings.field('username'), 'text')
  const groups = mappings.field('groups').isAbsent ? undefined : mappingOf(mappings.field('groups'), 'texts')
  const uid = mappings.field('uid').isAbsent ? undefined : mappingOf(mappings.field('uid'), 'text', false)
  const rules = given
    .field('claimValidationRules')
    .items.map(rule => rule.only('claim', 'requiredValue', 'expression', 'message'))
  const [required, ruled] = [true, false].map(byClaim => rules.filter(rule => rule.field('expression').isAbsent === byClaim)) // prettier-ignore
  const expressions = {
    ...(username.expression && { username: username.expression }),
    ...(groups?.expression && { groups: groups.expression }),
    ...(uid?.expression && { uid: uid.expression }),
    extra: extraOf(mappings.field('extra')),
    claimRules: (ruled ?? []).map(rule => ruleOf(rule, 'claims')),
    userRules: given.field('userValidationRules').items.map(rule => ruleOf(rule.only('expression', 'message'), 'user')),
  }
  assertVerified(mappings, rules, username.text)
  const caPem = issuer.field('certificateAuthority').optionalText
  return {
    url: url.text,
    ...(discoveryURL.optionalText && { discoveryURL: discoveryURL.text }),
    audiences,
    ...(caPem ? { caPem } : {}),
    usernameClaim: username.claim,
    usernamePrefix: username.prefix,
    ...(groups?.claim ? { groupsClaim: groups.claim } : {}),
    groupsPrefix: groups?.prefix ?? '',
    ...(uid?.claim ? { uidClaim: uid.claim } : {}),
    expressions,
    requiredClaims: Object.fromEntries(
      (required ?? []).map(rule => [rule.field('claim').text, rule.field('requiredValue').optionalText]),
    ),
    signingAlgs: SIGNING_ALGS,
  }
}

/** Whoever makes a name out of the email address has to look whether that is verified, too. */
function assertVerified(mappings: Reader, rules: readonly Reader[], username: string | undefined): void {
  if (!username || !/\bclaims\.email\b/.test(username)) return
  const extras = mappings.field('extra').items.map(each => each.field('valueExpression').text)
  const checks = [username, ...extras, ...rules.map(rule => rule.field('expression').optionalText)]
  if (!checks.some(text => /\bclaims\.\??email_verified\b/.test(text)))
    throw mappings.field('username').field('expression').wrong('reads claims.email: claims.email_verified must be used, here, in extra or in claimValidationRules') // prettier-ignore
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

/** @param text of the file, YAML @throws Error that says where it is wrong */
export const readAuthenticationConfiguration = async (text: string): Promise<AuthenticationSettings> =>
  parseAuthenticationConfiguration((await import('yaml')).parse(text))
