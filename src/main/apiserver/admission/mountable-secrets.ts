// Which Secrets a pod may name, where its account lets it have those alone that it names itself.
// @see https://kubernetes.io/docs/concepts/security/service-accounts/#enforce-mountable-secrets
import type { Container, Pod, ServiceAccount } from '../../../shared/api/core/v1.ts'

const ENFORCES = 'kubernetes.io/enforce-mountable-secrets'
/** As Go's strconv.ParseBool. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])

type Names = ReadonlySet<string | undefined>
type WithVariables = Pick<Container, 'name' | 'env' | 'envFrom'>

/** @returns why a pod of the account may not be as it is; undefined when it may */
export function secretNotAllowed(pod: Pod, account: ServiceAccount): string | undefined {
  if (!isEnforced(account)) return undefined
  const { volumes = [], initContainers = [], containers, imagePullSecrets = [] } = pod.spec
  const mountable = namesOf(account.secrets)
  const because = `is not allowed because service account ${account.metadata.name} does not reference that`
  for (const { secret } of volumes)
    if (secret && !mountable.has(secret.secretName))
      return `volume with secret.secretName="${secret.secretName ?? ''}" ${because} secret`
  const variables =
    ofContainers('init container', initContainers, mountable) ?? ofContainers('container', containers, mountable)
  if (variables !== undefined) return `${variables} ${because} secret`
  const pullable = namesOf(account.imagePullSecrets)
  const index = imagePullSecrets.findIndex(({ name }) => !pullable.has(name))
  return index === -1
    ? undefined
    : `imagePullSecrets[${index}].name="${imagePullSecrets[index]?.name ?? ''}" ${because} imagePullSecret`
}

/** The same for containers that come to a pod for debugging. */
export function secretOfDebugNotAllowed(pod: Pod, account: ServiceAccount): string | undefined {
  if (!isEnforced(account)) return undefined
  const found = ofContainers('ephemeral container', pod.spec.ephemeralContainers ?? [], namesOf(account.secrets))
  return found === undefined
    ? undefined
    : `${found} is not allowed because service account ${account.metadata.name} does not reference that secret`
}

const isEnforced = ({ metadata }: ServiceAccount): boolean => TRUE.has(metadata.annotations?.[ENFORCES] ?? '')
const namesOf = (references: readonly { readonly name?: string }[] = []): Names =>
  new Set(references.map(({ name }) => name))

function ofContainers(kind: string, containers: readonly WithVariables[], mountable: Names): string | undefined {
  for (const { name, env = [], envFrom = [] } of containers) {
    for (const { name: variable, valueFrom } of env) {
      const secret = valueFrom?.secretKeyRef
      if (secret && !mountable.has(secret.name))
        return `${kind} ${name} with envVar ${variable} referencing secret.secretName="${secret.name ?? ''}"`
    }
    for (const { secretRef } of envFrom)
      if (secretRef && !mountable.has(secretRef.name))
        return `${kind} ${name} with envFrom referencing secret.secretName="${secretRef.name ?? ''}"`
  }
  return undefined
}
