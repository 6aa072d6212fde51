// What events about a pod and its containers refer to.
import type { Pod } from '../../shared/api/core/v1.ts'

export const podReference = ({ metadata }: Pod) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  resourceVersion: metadata.resourceVersion,
})

/** @returns a reference to one container of the pod, as events carry it */
export function containerReference(pod: Pod, name: string) {
  const list = pod.spec.containers.some(container => container.name === name)
    ? 'containers'
    : pod.spec.initContainers?.some(container => container.name === name)
      ? 'initContainers'
      : 'ephemeralContainers'
  return { ...podReference(pod), fieldPath: `spec.${list}{${name}}` }
}
