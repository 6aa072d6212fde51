// Flotilla's API server as upstream's integration tests start theirs: with the flags that a test gives, without
// controllers unless `--controllers` is one of them, until standard input ends.
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { createAdmission } from '../../../src/main/apiserver/admission/plugins.ts'
import { AuditLog } from '../../../src/main/apiserver/audit/audit-log.ts'
import { createAuthorization } from '../../../src/main/apiserver/authz/authorizers.ts'
import type { Authorizer } from '../../../src/main/apiserver/authz/contract.ts'
import { privilegedGroup } from '../../../src/main/apiserver/authz/privileged-group.ts'
import { bootstrapCluster } from '../../../src/main/apiserver/bootstrap/bootstrap.ts'
import { subresourceHandlers } from '../../../src/main/apiserver/endpoints/subresources.ts'
import { NodeTunnels } from '../../../src/main/apiserver/proxy/node-tunnels.ts'
import { addApiServerOptions } from '../../../src/main/cli/apiserver-flags.ts'
import { apiServerSettings } from '../../../src/main/cli/apiserver-settings.ts'
import { parseControllers } from '../../../src/main/cli/controllers-flag.ts'
import { startControllers } from '../../../src/main/controllers/index.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { Owned } from '../../../src/shared/machinery/owned.ts'
import { startTestApiServer, testAdmin } from '../../support/api-server.ts'
import { authorizerOf, tokensOf } from './callbacks.ts'

/** Watches that tests leave open may hold the server. */
const MOST_END_MS = 1_500
const LOOPBACK = { token: 'integration-loopback', user: { name: 'system:apiserver', groups: ['system:masters'] } }
const EVERYTHING: Authorizer = {
  authorize: () => ({ decision: 'allow', reason: '' }),
  rulesFor: () => ({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
  }),
}

const NOTHING: Authorizer = {
  authorize: () => ({ decision: 'no-opinion', reason: 'Everything is forbidden.' }),
}

/** Each with its value, if it has one. */
const flags = ((JSON.parse(process.argv[2] ?? '[]') ?? []) as readonly string[]).reduce<string[]>((all, text) => {
  const last = all.at(-1)
  if (text.startsWith('-') || !last || last.includes('=')) return [...all, text]
  return [...all.slice(0, -1), `${last}=${text}`]
}, [])
const flag = (name: string): string | undefined =>
  flags.findLast(text => text.startsWith(`--${name}=`))?.slice(name.length + 3)

const disabled = new Set((flag('disable-admission-plugins') ?? '').split(','))
/** Those that Flotilla's own command takes under the same name. */
const SAME =
  /^--(?:admission-control-config-file|anonymous-auth|audit-|authentication-config|max-.*inflight|oidc-|token-auth-file)/
const command = new Command().allowUnknownOption().allowExcessArguments()
addApiServerOptions(command)
const same = flags.filter(text => SAME.test(text)).map(text => (text.includes('=') ? text : `${text}=true`))
const given = command.parse(same, { from: 'user' })
const settings = await apiServerSettings(given.opts())
const range = flag('service-cluster-ip-range') ?? '10.0.0.0/16'
const first = (range.split(',')[0] ?? '').replace(/\.\d+\/.*/, '.1').replace(/:\/.*/, ':1')

/** What a test's flags and the authorizer that it made in Go come to. */
function authorizersOf(own: readonly Authorizer[]): readonly Authorizer[] {
  const [modes, access] = [flag('authorization-mode') ?? '', flag('go-access')]
  // Denied by all others, roles that a test reads by itself decide.
  const byRoles = modes.includes('RBAC') || (modes === 'AlwaysDeny' && flag('go-access-beside'))
  const all = modes.split(',').includes('AlwaysAllow') ? [EVERYTHING] : []
  const ours = byRoles ? [...own, ...all] : [privilegedGroup, modes === 'AlwaysDeny' ? NOTHING : EVERYTHING]
  if (!access) return ours
  return [privilegedGroup, authorizerOf(access), ...(flag('go-access-beside') ? ours : [])]
}
const component = (name: string) => ({ name, groups: ['system:authenticated'] })
const pem = (name: string) => readFileSync(name, 'utf8')
const [clientAuthority, signingKey, goTokens] = ['client-ca-file', 'service-account-signing-key-file', 'go-token'].map(
  flag,
)

const owned = new Owned()
const { audit } = settings
const tunnels = owned.use(new NodeTunnels(systemClock))
const api = await startTestApiServer({
  tokens: [LOOPBACK, ...(settings.tokens ?? [])],
  issuer: flag('service-account-issuer') ?? 'https://foo.bar.example.com',
  authentication: settings.authentication ?? { issuers: [] },
  ...(settings.limits ? { limits: settings.limits } : {}),
  priorityAndFairness: true,
  ...(audit ? { audit: { ...audit, sink: owned.use(new AuditLog(audit.log, systemClock, silentLog)) } } : {}),
  ...(goTokens ? { tokenMethods: [tokensOf(goTokens)] } : {}),
  withStore(store, pki) {
    const authorization = owned.use(createAuthorization(store))
    const admission = owned.use(
      createAdmission({ store, serviceCIDRs: range.split(','), nodes: tunnels, settings: settings.admissionSettings }),
    )
    return {
      pki: {
        ...pki,
        ...(clientAuthority ? { caPem: `${pki.caPem}\n${pem(clientAuthority)}` } : {}),
        ...(signingKey ? { serviceAccountKeyPem: pem(signingKey) } : {}),
      },
      authorizers: authorizersOf(authorization.authorizers),
      admission: admission.plugins.filter(({ name }) => !disabled.has(name)),
      subresources: subresourceHandlers({ tunnels }),
      nodes: tunnels,
    }
  },
})
owned.use(api)
await bootstrapCluster(api.server.context, {
  user: testAdmin,
  // Upstream's server makes no kube-dns.
  network: { kubernetesServiceIP: first, clusterDNSs: [], serviceCIDRs: range.split(',') },
  authorities: { clients: api.pki.caPem, frontProxy: api.pki.frontProxy.caPem },
})
const controllers = flag('controllers')
if (controllers)
  owned.use(
    startControllers({
      client: api.clientAs(component('system:kube-controller-manager')),
      clientFor: name => api.clientAs(component(`system:serviceaccount:kube-system:${name}`)),
      clock: systemClock,
      log: silentLog,
      rootCa: api.pki.caPem,
      pki: api.pki,
      serviceCidrs: range.split(','),
      choice: parseControllers(controllers),
    }),
  )
process.stdout.write(`${JSON.stringify({ url: api.url, ca: api.pki.caPem, token: LOOPBACK.token })}\n`)
process.stdin.resume()
process.stdin.once('end', () => {
  setTimeout(() => process.exit(0), MOST_END_MS).unref()
  void owned[Symbol.asyncDispose]().finally(() => process.exit(0))
})
