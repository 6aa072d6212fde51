// The ports of its node that a pod takes for itself, and which of them two pods cannot both have.
import type { ContainerPort, PodSpec } from '../api/core/v1.ts'

const ANY_ADDRESS = '0.0.0.0'

/** Of its containers and sidecars; other init containers are over before anybody asks for their ports. */
export const hostPortsOf = ({ containers, initContainers }: PodSpec): ContainerPort[] =>
  [...containers, ...(initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')]
    .flatMap(({ ports }) => ports ?? [])
    .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)

/** The same port of the same protocol, on addresses that overlap: no address means all of them. */
export function portsConflict(a: ContainerPort, b: ContainerPort): boolean {
  if (a.hostPort !== b.hostPort || (a.protocol ?? 'TCP') !== (b.protocol ?? 'TCP')) return false
  const [one, other] = [a.hostIP || ANY_ADDRESS, b.hostIP || ANY_ADDRESS]
  return one === other || one === ANY_ADDRESS || other === ANY_ADDRESS
}
