// What the API server's flags and their files say.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { parseAdmissionConfiguration } from '../apiserver/admission/settings.ts'
import { type OidcIssuer, SIGNING_ALGS } from '../apiserver/authn/oidc/id-tokens.ts'
import { type AuthenticationSettings, readAuthenticationConfiguration } from '../apiserver/authn/settings.ts'
import { AUDIT_MODES } from '../apiserver/audit/audit.ts'
import { parseAuditPolicy } from '../apiserver/audit/policy.ts'
import { parseTokenFile } from '../apiserver/authn/token-file.ts'
import type { ApiServerSettings } from '../control-plane.ts'
import { addApiServerOptions, type ApiServerFlags } from './apiserver-flags.ts'
import { readFlagFile as read } from './flag-file.ts'
import { parsePortRange } from './port-range.ts'
import { UsageError } from '../process/usage-error.ts'

function usernamePrefix({ oidcUsernamePrefix, oidcUsernameClaim, oidcIssuerUrl }: ApiServerFlags): string {
  if (oidcUsernamePrefix === '-') return ''
  if (oidcUsernamePrefix !== undefined) return oidcUsernamePrefix
  return oidcUsernameClaim === 'email' ? '' : `${oidcIssuerUrl ?? ''}#`
}

async function issuerOf(flags: ApiServerFlags): Promise<OidcIssuer | undefined> {
  const { oidcIssuerUrl: url, oidcClientId: clientId } = flags
  if (url === undefined && clientId === undefined) return undefined
  if (url === undefined || clientId === undefined)
    throw new UsageError('--oidc-issuer-url and --oidc-client-id go together: give both or none')
  if (!url.startsWith('https://')) throw new UsageError(`--oidc-issuer-url wants https://…, not "${url}"`)
  const signingAlgs = flags.oidcSigningAlgs.split(',').map(alg => alg.trim())
  const unknown = signingAlgs.find(alg => !SIGNING_ALGS.includes(alg))
  if (unknown !== undefined)
    throw new UsageError(`--oidc-signing-algs knows ${SIGNING_ALGS.join(', ')}, and not "${unknown}"`)
  const required = flags.oidcRequiredClaim.map(text => {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError(`--oidc-required-claim wants CLAIM=VALUE, not "${text}"`)
    return [text.slice(0, at), text.slice(at + 1)] as const
  })
  return {
    url,
    audiences: [clientId],
    ...(flags.oidcCaFile ? { caPem: await read('--oidc-ca-file', flags.oidcCaFile, text => text) } : {}),
    usernameClaim: flags.oidcUsernameClaim,
    usernamePrefix: usernamePrefix(flags),
    ...(flags.oidcGroupsClaim ? { groupsClaim: flags.oidcGroupsClaim } : {}),
    groupsPrefix: flags.oidcGroupsPrefix,
    requiredClaims: Object.fromEntries(required),
    signingAlgs,
  }
}

async function authenticationOf(flags: ApiServerFlags): Promise<AuthenticationSettings> {
  const issuer = await issuerOf(flags)
  const { authenticationConfig: file, anonymousAuth } = flags
  if (anonymousAuth !== undefined && !['true', 'false'].includes(anonymousAuth))
    throw new UsageError(`--anonymous-auth wants true or false, not "${anonymousAuth}"`)
  const configured = file
    ? await read('--authentication-config', file, async text => {
        const settings = await readAuthenticationConfiguration(text)
        return { ...settings, file: { path: resolve(file), text, anonymous: settings.anonymous } }
      })
    : undefined
  if (configured && issuer)
    throw new UsageError('--authentication-config and --oidc-issuer-url exclude each other: put the issuer in the file')
  const anonymous = anonymousAuth === undefined ? configured?.anonymous : { enabled: anonymousAuth === 'true' }
  return { issuers: issuer ? [issuer] : [], ...configured, ...(anonymous ? { anonymous } : {}) }
}

/** @throws UsageError */
function numberOf(flag: string, text: string, least: number): number {
  const number = Number(text)
  if (!/^\d{1,9}$/.test(text) || number < least)
    throw new UsageError(`${flag} wants a whole number from ${least} on, not "${text}"`)
  return number
}

function isTrue(flag: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new UsageError(`${flag} wants true or false, not "${text}"`)
  return text === 'true'
}

const DIRECTIVE = /^(?:includeSubDomains|preload|max-age=\d{1,12})$/

/** @returns the value of the header @throws UsageError */
function transportSecurityOf(list: string | undefined): string | undefined {
  const directives = list?.split(',')
  const unknown = directives?.find(each => !DIRECTIVE.test(each))
  if (unknown !== undefined)
    throw new UsageError(
      `--strict-transport-security-directives knows max-age=SECONDS, includeSubDomains and preload, and not "${unknown}"`,
    )
  return directives?.join('; ')
}

async function auditOf(flags: ApiServerFlags): Promise<ApiServerSettings['audit']> {
  const { auditPolicyFile: policyFile, auditLogPath: path, auditLogMode } = flags
  const mode = AUDIT_MODES.find(each => each === auditLogMode)
  if (!mode) throw new UsageError(`--audit-log-mode wants one of ${AUDIT_MODES.join(', ')}, not "${auditLogMode}"`)
  const log = {
    maxBytes: numberOf('--audit-log-maxsize', flags.auditLogMaxsize, 1) * 1024 * 1024,
    maxBackups: numberOf('--audit-log-maxbackup', flags.auditLogMaxbackup, 0),
    maxAgeMs: numberOf('--audit-log-maxage', flags.auditLogMaxage, 0) * 86_400_000,
  }
  if (policyFile === undefined && path === undefined) return undefined
  if (policyFile === undefined || path === undefined)
    throw new UsageError('--audit-policy-file and --audit-log-path go together: give both or none')
  const policy = await read('--audit-policy-file', policyFile, async text =>
    parseAuditPolicy((await import('yaml')).parse(text)),
  )
  return { policy, mode, log: { path, ...log } }
}

async function admissionOf(file: string | undefined): Promise<ApiServerSettings['admissionSettings']> {
  if (file === undefined) return undefined
  const { parse } = await import('yaml')
  return read('--admission-control-config-file', file, text =>
    parseAdmissionConfiguration(parse(text), async path => parse(await readFile(resolve(dirname(file), path), 'utf8'))),
  )
}

/** Under their names of the command line; those of other parts of the program are nobody's business. */
function told(flags: ApiServerFlags): Record<string, string> {
  const given = new Map<string, unknown>(Object.entries(flags))
  const known = new Command()
  addApiServerOptions(known)
  return Object.fromEntries(
    known.options
      .filter(option => given.get(option.attributeName()) !== undefined)
      .map(option => [option.name(), String(given.get(option.attributeName()))]),
  )
}

/** @throws UsageError */
export async function apiServerSettings(flags: ApiServerFlags): Promise<ApiServerSettings> {
  const { tokenAuthFile, serviceNodePortRange } = flags
  const audit = await auditOf(flags)
  const admissionSettings = await admissionOf(flags.admissionControlConfigFile)
  const strictTransportSecurity = transportSecurityOf(flags.strictTransportSecurityDirectives)
  return {
    ...(tokenAuthFile ? { tokens: await read('--token-auth-file', tokenAuthFile, parseTokenFile) } : {}),
    flags: told(flags),
    authentication: await authenticationOf(flags),
    ...(audit ? { audit } : {}),
    ...(admissionSettings ? { admissionSettings } : {}),
    ...(serviceNodePortRange !== undefined && { nodePortRange: parsePortRange(serviceNodePortRange) }),
    ...(strictTransportSecurity ? { strictTransportSecurity } : {}),
    priorityAndFairness: isTrue('--enable-priority-and-fairness', flags.enablePriorityAndFairness),
    limits: {
      reading: numberOf('--max-requests-inflight', flags.maxRequestsInflight, 1),
      mutating: numberOf('--max-mutating-requests-inflight', flags.maxMutatingRequestsInflight, 1),
    },
    requestTimeoutMs: numberOf('--request-timeout', flags.requestTimeout, 1) * 1000,
    shutdownDelayMs: numberOf('--shutdown-delay-duration', flags.shutdownDelayDuration, 0) * 1000,
    eventTtlMs: numberOf('--event-ttl', flags.eventTtl, 1) * 1000,
    watchCacheBytes: numberOf('--watch-cache-megabytes', flags.watchCacheMegabytes, 1) * 1024 * 1024,
  }
}
