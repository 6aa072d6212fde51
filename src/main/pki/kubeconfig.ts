// A kubeconfig with one cluster, one user and one context.

export interface KubeconfigInput {
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** More URLs of the same cluster: each a context of its own. */
  readonly others?: readonly string[]
  /** The name to look for in the server's certificate, whatever the URL says. */
  readonly tlsServerName?: string
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

const base64 = (text: string) => Buffer.from(text).toString('base64')
/** JSON strings are YAML strings: nothing in a name can break out. */
const quoted = (text: string) => JSON.stringify(text)

export function renderKubeconfig(input: KubeconfigInput): string {
  const { server, others = [], tlsServerName, caPem, name, user, certPem, keyPem, token, namespace } = input
  const clusters = [[name, server] as const, ...others.map(url => [`${name}@${new URL(url).host}`, url] as const)]
  const credentials = [
    ...(certPem ? [`    client-certificate-data: ${base64(certPem)}`] : []),
    ...(keyPem ? [`    client-key-data: ${base64(keyPem)}`] : []),
    ...(token ? [`    token: ${quoted(token)}`] : []),
  ]
  return `apiVersion: v1
kind: Config
clusters:
${clusters
  .map(
    ([cluster, url]) => `- name: ${quoted(cluster)}
  cluster:
    server: ${quoted(url)}${tlsServerName ? `\n    tls-server-name: ${quoted(tlsServerName)}` : ''}
    certificate-authority-data: ${base64(caPem)}`,
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
