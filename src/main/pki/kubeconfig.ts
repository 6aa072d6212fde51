// A kubeconfig with one cluster, one user and one context.

export interface KubeconfigInput {
  /** `https://127.0.0.1:6443` */
  readonly server: string
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
  const { server, caPem, name, user, certPem, keyPem, token, namespace } = input
  const credentials = [
    ...(certPem ? [`    client-certificate-data: ${base64(certPem)}`] : []),
    ...(keyPem ? [`    client-key-data: ${base64(keyPem)}`] : []),
    ...(token ? [`    token: ${quoted(token)}`] : []),
  ]
  return `apiVersion: v1
kind: Config
clusters:
- name: ${quoted(name)}
  cluster:
    server: ${quoted(server)}
    certificate-authority-data: ${base64(caPem)}
users:
- name: ${quoted(user)}
  user:${credentials.length > 0 ? `\n${credentials.join('\n')}` : ' {}'}
contexts:
- name: ${quoted(name)}
  context:
    cluster: ${quoted(name)}
    user: ${quoted(user)}${namespace ? `\n    namespace: ${quoted(namespace)}` : ''}
current-context: ${quoted(name)}
`
}
