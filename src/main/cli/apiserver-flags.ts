// Flags of `serve` for the API server, under kube-apiserver's names: who may log in how, what is
// written down, and how much is done at a time.
import type { Command } from 'commander'

export interface ApiServerFlags {
  readonly tokenAuthFile?: string
  readonly authenticationConfig?: string
  readonly anonymousAuth?: string
  readonly oidcIssuerUrl?: string
  readonly oidcClientId?: string
  readonly oidcUsernameClaim: string
  readonly oidcUsernamePrefix?: string
  readonly oidcGroupsClaim?: string
  readonly oidcGroupsPrefix: string
  readonly oidcRequiredClaim: readonly string[]
  readonly oidcSigningAlgs: string
  readonly oidcCaFile?: string
  readonly admissionControlConfigFile?: string
  readonly serviceNodePortRange?: string
  readonly auditPolicyFile?: string
  readonly auditLogPath?: string
  readonly auditLogMode: string
  readonly auditLogMaxsize: string
  readonly auditLogMaxbackup: string
  readonly auditLogMaxage: string
  readonly enablePriorityAndFairness: string
  readonly maxRequestsInflight: string
  readonly maxMutatingRequestsInflight: string
  readonly requestTimeout: string
  readonly shutdownDelayDuration: string
  readonly strictTransportSecurityDirectives?: string
  readonly eventTtl: string
  readonly watchCacheMegabytes: string
}

const collect = (value: string, before: readonly string[]) => [...before, value]

export function addApiServerOptions(serve: Command): void {
  serve
    .option('--token-auth-file <file>', 'static bearer tokens, a line each: token,user,uid[,"group1,group2"]')
    .option('--authentication-config <file>', 'an AuthenticationConfiguration: issuers of ID tokens, anonymous paths')
    .option('--anonymous-auth <true|false>', 'whether requests without a log-in are asked to roles at all')
    .option('--oidc-issuer-url <url>', 'OpenID Connect issuer whose ID tokens log in')
    .option('--oidc-client-id <id>', 'client that the ID tokens are meant for')
    .option('--oidc-username-claim <claim>', 'claim with the name of the user', 'sub')
    .option(
      '--oidc-username-prefix <prefix>',
      'put before it; "-" is none; default the issuer and # unless it is email',
    )
    .option('--oidc-groups-claim <claim>', 'claim with the groups')
    .option('--oidc-groups-prefix <prefix>', 'put before each of them', '')
    .option('--oidc-required-claim <claim=value>', 'a claim that must be so; may be given again', collect, [])
    .option('--oidc-signing-algs <list>', 'accepted algorithms of signatures', 'RS256')
    .option('--oidc-ca-file <file>', "PEM of the issuer's authority; default those that this machine trusts")
    .option(
      '--admission-control-config-file <file>',
      'an AdmissionConfiguration: what PodSecurity and ResourceQuota are told',
    )
    .option('--service-node-port-range <first-last>', 'ports that Services get of every node (30000-32767)')
    .option('--audit-policy-file <file>', 'a Policy of audit.k8s.io: what is written down; needed for an audit log')
    .option('--audit-log-path <file>', 'where audit events go, a line of JSON each; "-" is standard output')
    .option(
      '--audit-log-mode <mode>',
      'blocking: answers wait until they are written down; blocking-strict: what cannot be is refused; batch: neither',
      'blocking',
    )
    .option('--audit-log-maxsize <megabytes>', 'a larger audit log is put aside', '100')
    .option('--audit-log-maxbackup <number>', 'how many of those are kept; 0 is all', '100')
    .option('--audit-log-maxage <days>', 'how long they are kept; 0 is for ever', '366')
    .option('--enable-priority-and-fairness <true|false>', 'share the server among flows of requests', 'true')
    .option('--max-requests-inflight <number>', 'reads at a time; with the writes, what flows share', '400')
    .option('--max-mutating-requests-inflight <number>', 'writes at a time', '200')
    .option('--request-timeout <seconds>', 'how long a request may take, watches and streams aside', '60')
    .option('--shutdown-delay-duration <seconds>', 'how long /readyz fails before the server stops', '0')
    .option(
      '--strict-transport-security-directives <list>',
      'what browsers are told to keep to: max-age=31536000,includeSubDomains,preload',
    )
    .option('--event-ttl <seconds>', 'how long Events are kept after they were written last', '3600')
    .option('--watch-cache-megabytes <number>', 'memory for the past: what watches and lists go back to', '32')
}
