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

export interface KubeconfigInput extends ClusterPlace {
  readonly caPem: string
  /** Name of the cluster and of the context. */
  readonly name: string
  readonly user: string
  readonly certPem?: string
  readonly keyPem?: string
  readonly token?: string
  /** Where commands without a namespace look. */
  readonly namespace?: string
}

/** PEM texts are ASCII. */
const base64 = (text: string) => btoa(text)
/** JSON strings are YAML strings: nothing in a name can break out. */
const quoted = (text: string) => JSON.stringify(text)

export function renderKubeconfig(input: KubeconfigInput): string {
  const { server, others = [], kubernetesServiceIP, caPem, name, user, certPem, keyPem, token, namespace } = input
  const clusters = [[name, server] as const, ...others.map(url => [`${name}@${new URL(url).host}`, url] as const)]
  const credentials = [
    ...(certPem ? [`    client-certificate-data: ${base64(certPem)}`] : []),
    ...(keyPem ? [`    client-key-data: ${base64(keyPem)}`] : []),
    ...(token ? [`    token: ${quoted(token)}`] : []),
  ]
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
    ([cluster, url]) => `- name: ${quoted(cluster)}
  cluster:
    server: ${quoted(url)}
    tls-server-name: ${ALWAYS_NAMED}
    certificate-authority-data: ${base64(caPem)}${extensions}`,
  )
  .join('\n')}
users:
- name: ${quoted(user)}
  user:${credentials.length > 0 ? `\n${credentials.join('\n')}` : ' {}'}
contexts:
${clusters
  .map(
    ([cluster]) => `- name: ${quoted(cluster)}
  context:
    cluster: ${quoted(cluster)}
    user: ${quoted(user)}${namespace ? `\n    namespace: ${quoted(namespace)}` : ''}`,
  )
  .join('\n')}
current-context: ${quoted(name)}
`
}
