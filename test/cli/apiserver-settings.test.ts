// The API server's flags of `serve`: what they mean together, and what is wrong with them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addApiServerOptions, type ApiServerFlags } from '../../src/main/cli/apiserver-flags.ts'
import { apiServerSettings } from '../../src/main/cli/apiserver-settings.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-flags-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function settings(...args: string[]) {
  const command = new Command().exitOverride()
  addApiServerOptions(command)
  return apiServerSettings(command.parse(args, { from: 'user' }).opts<ApiServerFlags>())
}
const file = async (name: string, text: string) => {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}
const OIDC = ['--oidc-issuer-url', 'https://issuer.example.com', '--oidc-client-id', 'flotilla']

test('without flags nothing is added to what every cluster has', async () => {
  expect(await settings()).toEqual({
    flags: expect.anything() as unknown,
    authentication: { issuers: [] },
    priorityAndFairness: true,
    limits: { reading: 400, mutating: 200 },
    requestTimeoutMs: 60_000,
    shutdownDelayMs: 0,
    eventTtlMs: 3_600_000,
    watchCacheBytes: 32 * 1024 * 1024,
  })
})

test('the server can tell its own flags, those that were left out too, and no others', async () => {
  const command = new Command().exitOverride().option('--passphrase <text>')
  addApiServerOptions(command)
  const given = ['--passphrase', 'secret', '--event-ttl', '60', ...OIDC, '--oidc-required-claim', 'a=b']
  const { flags } = await apiServerSettings(command.parse(given, { from: 'user' }).opts<ApiServerFlags>())
  expect(flags).toMatchObject({ 'event-ttl': '60', 'oidc-required-claim': 'a=b', 'request-timeout': '60' })
  expect(Object.keys(flags ?? {})).not.toContain('passphrase')
  expect(Object.keys(flags ?? {})).not.toContain('token-auth-file')
})

test('an issuer’s users carry its name, unless they are told by their address or another prefix', async () => {
  const prefixOf = async (...args: string[]) =>
    (await settings(...OIDC, ...args)).authentication?.issuers?.[0]?.usernamePrefix
  expect(await prefixOf()).toBe('https://issuer.example.com#')
  expect(await prefixOf('--oidc-username-claim', 'email')).toBe('')
  expect(await prefixOf('--oidc-username-prefix', '-')).toBe('')
  expect(await prefixOf('--oidc-username-prefix', 'o:')).toBe('o:')
})

test('token files and configuration files are read', async () => {
  const tokens = await file('tokens.csv', 'secret,robot,1')
  const config = await file(
    'authentication.yaml',
    'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\nanonymous: { enabled: false }\n',
  )
  expect(await settings('--token-auth-file', tokens, '--authentication-config', config)).toMatchObject({
    tokens: [{ token: 'secret', user: { name: 'robot', uid: '1', groups: [] } }],
    authentication: { issuers: [], anonymous: { enabled: false }, file: { path: config } },
  })
})

test('admission plugins are told what the file says, or the files that it names', async () => {
  const quota =
    'apiVersion: apiserver.config.k8s.io/v1\nkind: ResourceQuotaConfiguration\nlimitedResources: [{ resource: pods, matchContains: [pods] }]\n'
  await file('quota.yaml', quota)
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n'
  const told = async (plugins: string) =>
    (await settings('--admission-control-config-file', await file('admission.yaml', `${head}plugins: ${plugins}`)))
      .admissionSettings
  expect(await told('[{ name: ResourceQuota, path: quota.yaml }]')).toEqual({
    limitedResources: [{ apiGroup: '', resource: 'pods', matchContains: ['pods'], matchScopes: [] }],
  })
  const older = head.replace('apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1')
  const path = await file('older.yaml', `${older}plugins: [{ name: ResourceQuota, path: quota.yaml }]`)
  expect(await settings('--admission-control-config-file', path)).toMatchObject({
    admissionSettings: { limitedResources: [{ resource: 'pods' }] },
  })
  const security = 'apiVersion: pod-security.admission.config.k8s.io/v1, kind: PodSecurityConfiguration'
  const podSecurity = (rest: string) => `[{ name: PodSecurity, configuration: { ${security}, ${rest} } }]`
  expect(await told(podSecurity('defaults: { enforce: baseline }, exemptions: { usernames: [root] }'))).toEqual({
    podSecurity: {
      defaults: {
        enforce: { level: 'baseline', version: 'latest' },
        audit: { level: 'privileged', version: 'latest' },
        warn: { level: 'privileged', version: 'latest' },
      },
      exempt: { usernames: new Set(['root']), namespaces: new Set(), runtimeClasses: new Set() },
    },
  })
  for (const [plugins, message] of [
    [podSecurity('defaults: { enforce: strict }'), 'defaults.enforce must be one of privileged, baseline, restricted'],
    [podSecurity('defaults: { warn-version: v2 }'), 'defaults.warn-version must be "latest" or "v1.x"'],
    [podSecurity('exemptions: { namespaces: [a, a] }'), 'exemptions.namespaces[1] is there twice'],
    [podSecurity('exempt: {}'), 'exempt is not supported'],
    ['[{ name: EventRateLimit, path: x }]', 'plugins[0].name is no plugin that can be told anything'],
    ['[{ name: ResourceQuota, path: nowhere.yaml }]', 'ENOENT'],
    ['[{ name: ResourceQuota, path: admission.yaml }]', 'is no ResourceQuotaConfiguration'],
  ] as const)
    await expect(told(plugins)).rejects.toThrow(message)
})

test('directives for browsers become one header', async () => {
  const list = 'max-age=31536000,includeSubDomains,preload'
  const told = await settings('--strict-transport-security-directives', list)
  expect(told.strictTransportSecurity).toBe('max-age=31536000; includeSubDomains; preload')
})

test.each([
  [['--oidc-issuer-url', 'https://x'], '--oidc-issuer-url and --oidc-client-id go together'],
  [['--oidc-issuer-url', 'http://x', '--oidc-client-id', 'y'], '--oidc-issuer-url wants https://…, not "http://x"'],
  [[...OIDC, '--oidc-signing-algs', 'HS256'], '--oidc-signing-algs knows RS256'],
  [[...OIDC, '--oidc-required-claim', 'hd'], '--oidc-required-claim wants CLAIM=VALUE, not "hd"'],
  [['--anonymous-auth', 'perhaps'], '--anonymous-auth wants true or false, not "perhaps"'],
  [['--audit-log-path', '-'], '--audit-policy-file and --audit-log-path go together'],
  [
    ['--audit-log-mode', 'eventually'],
    '--audit-log-mode wants one of blocking, batch, blocking-strict, not "eventually"',
  ],
  [['--audit-log-maxsize', '0'], '--audit-log-maxsize wants a whole number from 1 on, not "0"'],
  [['--request-timeout', '1m'], '--request-timeout wants a whole number from 1 on, not "1m"'],
  [['--strict-transport-security-directives', 'max-age=a\nb'], '--strict-transport-security-directives knows'],
  [['--strict-transport-security-directives', ''], '--strict-transport-security-directives knows'],
  [['--event-ttl', '0'], '--event-ttl wants a whole number from 1 on, not "0"'],
  [['--enable-priority-and-fairness', 'yes'], '--enable-priority-and-fairness wants true or false, not "yes"'],
  [['--token-auth-file', '/nowhere/tokens.csv'], '--token-auth-file /nowhere/tokens.csv: ENOENT'],
])('%j is refused by the flag', async (args, message) => {
  await expect(settings(...args)).rejects.toThrow(message)
})
