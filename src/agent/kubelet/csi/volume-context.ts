// What a driver is told of the pod that a volume is for, and the secrets that it is given.
import type { Pod, Secret } from '../../../shared/api/core/v1.ts'
import type { CSIDriver } from '../../../shared/api/storage/v1.ts'
import type { ObjectSource } from '../spec/env.ts'
import type { TokenSource } from '../volumes/projected.ts'
import type { Lifecycle } from './csi-paths.ts'

type Texts = Readonly<Record<string, string>>

const PREFIX = 'csi.storage.k8s.io/'
const TOKENS = `${PREFIX}serviceAccount.tokens`
const DEFAULT_TOKEN_SECONDS = 3_600

/** @param ref undefined = none is needed @throws Error when it is not there */
export async function secretTexts(
  ref: { readonly name?: string; readonly namespace?: string } | undefined,
  what: string,
  objects: Pick<ObjectSource, 'secret'>,
): Promise<Texts> {
  if (!ref?.name) return {}
  const { name, namespace = '' } = ref
  const fail = (why: string): never => {
    const problem = `failed to find the secret ${name} in the namespace ${namespace} with error: ${why}`
    throw new Error(`fetching ${what} ${namespace}/${name} failed: kubernetes.io/csi: ${problem}`)
  }
  let secret: Secret | undefined
  try {
    secret = await objects.secret(namespace, name)
  } catch (error) {
    return fail((error as Error).message)
  }
  if (!secret) return fail(`secrets "${name}" not found`)
  const entries = Object.entries(secret.data ?? {})
  return Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]))
}

export interface ContextInput {
  readonly pod: Pod
  /** As the driver describes itself in the cluster; undefined = it does not. */
  readonly described: CSIDriver | undefined
  readonly lifecycle: Lifecycle
  readonly attributes: Texts
  /** For publishing. */
  readonly secrets: Texts
  readonly tokens: TokenSource
}

/** @returns what is told when a volume is published */
export async function volumeContext(
  input: ContextInput,
): Promise<{ readonly volumeContext: Texts; readonly secrets: Texts }> {
  const { pod, described, lifecycle, attributes, secrets, tokens } = input
  const context = { ...attributes, ...(described?.spec.podInfoOnMount ? podInfo(pod, lifecycle) : {}) }
  const requests = described?.spec.tokenRequests ?? []
  if (requests.length === 0) return { volumeContext: context, secrets }
  const issue = async ({ audience = '', expirationSeconds = DEFAULT_TOKEN_SECONDS }) =>
    [audience, await tokens.issued(pod, audience || undefined, expirationSeconds)] as const
  const told = { [TOKENS]: JSON.stringify(Object.fromEntries(await Promise.all(requests.map(issue)))) }
  return described?.spec.serviceAccountTokenInSecrets
    ? { volumeContext: context, secrets: { ...secrets, ...told } }
    : { volumeContext: { ...context, ...told }, secrets }
}

const podInfo = ({ metadata, spec }: Pod, lifecycle: Lifecycle): Texts => ({
  [`${PREFIX}pod.name`]: metadata.name,
  [`${PREFIX}pod.namespace`]: metadata.namespace,
  [`${PREFIX}pod.uid`]: metadata.uid,
  [`${PREFIX}serviceAccount.name`]: spec.serviceAccountName ?? '',
  [`${PREFIX}ephemeral`]: String(lifecycle === 'Ephemeral'),
})
