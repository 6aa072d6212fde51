// A kubeconfig with one cluster and one user: a context for each of the cluster's addresses.

/** In every serving certificate: what clients look for there, whichever address they use. */
export const ALWAYS_NAMED = 'kubernetes.default.svc'

/** Names what a kubeconfig of ours tells besides, in `extensions`. */
export const EXTENSION = 'flotilla.dev/cluster'

/** Where a cluster is. */
export interface ClusterPlace {
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** More URLs of the same cluster: each a context of its own. */
  readonly others?: readonly string[]
  /** Under which every node of it leads to the API server. */
  readonly kubernetesServiceIP?: string
}

/** Whom to believe that it is the cluster, where that is not its own authority under the name that it always has. */
export interface KubeconfigTrust {
  /** Name in the server's certificate; undefined = the address's. */
  readonly serverName: string | undefined
  /** Nobody is asked for proof. */
  readonly insecure?: boolean
}

export interface KubeconfigInput extends ClusterPlace {
  /** Undefined: authorities that the system trusts. */
  readonly caPem: string | undefined
  readonly trust?: KubeconfigTrust
  /** Through which the cluster is reached. */
  readonly proxyUrl?: string | undefined
  /** Name of the cluster and of the context. */
  readonly name: string
  readonly user: string
  readonly certPem?: string | undefined
  readonly keyPem?: string | undefined
  readonly token?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Where commands without a namespace look. */
  readonly namespace?: string
}

const base64 = (text: string) => btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join('')) // prettier-ignore
/** JSON strings are YAML strings: nothing in a name can break out. */
const quoted = (text: string) => JSON.stringify(text)

type Field = readonly [name: string, value: string | undefined]
/** Those that have a value. @param indent of each line */
const fields = (indent: string, all: readonly Field[]) =>
  all.flatMap(([name, value]) => (value === undefined ? [] : [`${indent}${name}: ${value}`])).join('\n')
const quotedIf = (text: string | undefined) => (text === undefined ? undefined : quoted(text))
const encodedIf = (text: string | undefined) => (text ? base64(text) : undefined)

const OWN_TRUST: KubeconfigTrust = { serverName: ALWAYS_NAMED }

export function renderKubeconfig(input: KubeconfigInput): string {
  const { server, others = [], kubernetesServiceIP, caPem, proxyUrl, trust = OWN_TRUST } = input
  const { name, user, certPem, keyPem, token, username, password, namespace } = input
  const clusters = [[name, server] as const, ...others.map(url => [`${name}@${new URL(url).host}`, url] as const)]
  const credentials = fields('    ', [
    ['client-certificate-data', encodedIf(certPem)],
    ['client-key-data', encodedIf(keyPem)],
    ['token', quotedIf(token)],
    ['username', quotedIf(username)],
    ['password', quotedIf(password)],
  ])
  const cluster = (url: string) =>
    fields('    ', [
      ['server', quoted(url)],
      ['tls-server-name', quotedIf(trust.serverName)],
      // Programs refuse both together.
      ...(trust.insecure
        ? [['insecure-skip-tls-verify', 'true'] as const]
        : [['certificate-authority-data', encodedIf(caPem)] as const]),
      ['proxy-url', quotedIf(proxyUrl)],
    ])
  const extensions = kubernetesServiceIP
    ? `
    extensions:
    - name: ${EXTENSION}
      extension:
        kubernetesServiceIP: ${quoted(kubernetesServiceIP)}`
    : ''
  return `apiVersion: v1
kind: Config
clusters:
${clusters
  .map(
    ([of, url]) => `- name: ${quoted(of)}
  cluster:
${cluster(url)}${extensions}`,
  )
  .join('\n')}
users:
- name: ${quoted(user)}
  user:${credentials ? `\n${credentials}` : ' {}'}
contexts:
${clusters
  .map(
    ([of]) => `- name: ${quoted(of)}
  context:
    cluster: ${quoted(of)}
    user: ${quoted(user)}${namespace ? `\n    namespace: ${quoted(namespace)}` : ''}`,
  )
  .join('\n')}
current-context: ${quoted(name)}
`
}
