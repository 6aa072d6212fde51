// Reading a pod's containers: kinds, order and rules of restarting.
import { createHash } from 'node:crypto'
import type { Container, EphemeralContainer, Pod } from '../../../shared/api/core/v1.ts'
import { restartRuleOf } from '../../../shared/machinery/restart-rules.ts'
import type { RuntimeContainer } from '../runtime/contract.ts'

/** An init container that stays up beside the others. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always'

export const initContainers = (pod: Pod): readonly Container[] => pod.spec.initContainers ?? []

/** Ephemeral containers are containers whose `targetContainerName` may lend its process namespace. */
export const ephemeralContainers = (pod: Pod): readonly (EphemeralContainer & Container)[] =>
  pod.spec.ephemeralContainers ?? []

export const allContainers = (pod: Pod): readonly Container[] => [
  ...initContainers(pod),
  ...pod.spec.containers,
  ...ephemeralContainers(pod),
]

export const restartPolicyOf = (pod: Pod): string => pod.spec.restartPolicy ?? 'Always'

/** Exit code that decides about a restart. */
export const exitCodeOf = ({ startError, exitCode }: RuntimeContainer): number => (startError === '' ? exitCode : 128)

/** Whether the container is started again after it ended with this code. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  if (ephemeralContainers(pod).some(({ name }) => name === container.name)) return false
  if (restartRuleOf(container, exitCode)) return true // both actions start it again, one of them everything else too
  const policy = container.restartPolicy ?? restartPolicyOf(pod)
  if (policy === 'Always') return !initContainers(pod).includes(container) || isSidecar(container) || exitCode !== 0
  return policy === 'OnFailure' && exitCode !== 0
}

/** Only what makes a running container wrong when it changes: everything else is immutable or applied in place. */
export const specHashOf = ({ name, image }: Pick<Container, 'name' | 'image'>): string =>
  createHash('sha256')
    .update(JSON.stringify([name, image]))
    .digest('hex')
    .slice(0, 16)

/** `web-0_default(uid)`, as messages name pods. */
export const describePod = ({ metadata }: Pod): string => `${metadata.name}_${metadata.namespace}(${metadata.uid})`
