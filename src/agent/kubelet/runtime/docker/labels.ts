// Labels that make every container tell what it is: the runtime itself is the only record of what runs.
import type { ContainerSpec, PodIdentity, SandboxSpec } from '../contract.ts'

export const LABEL = {
  podUid: 'io.kubernetes.pod.uid',
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  containerName: 'io.kubernetes.container.name',
  attempt: 'io.kubernetes.container.restartCount',
  specHash: 'io.kubernetes.container.hash',
  runSince: 'dev.flotilla.run-since',
  /** Which agent owns it: containers of other agents on the same engine are foreign. */
  instance: 'dev.flotilla.instance',
  kind: 'dev.flotilla.kind',
  image: 'dev.flotilla.image',
  terminationMessageFile: 'dev.flotilla.termination-message-file',
  fallbackToLogs: 'dev.flotilla.fallback-to-logs',
} as const

/** What upstream's Docker runtime called a sandbox; tools know it. */
export const SANDBOX_CONTAINER_NAME = 'POD'

const podLabels = (pod: PodIdentity, instance: string): Record<string, string> => ({
  [LABEL.podUid]: pod.uid,
  [LABEL.podName]: pod.name,
  [LABEL.podNamespace]: pod.namespace,
  [LABEL.instance]: instance,
})

export const sandboxLabels = (spec: SandboxSpec, instance: string): Record<string, string> => ({
  ...podLabels(spec.pod, instance),
  [LABEL.kind]: 'sandbox',
  [LABEL.containerName]: SANDBOX_CONTAINER_NAME,
  [LABEL.attempt]: String(spec.attempt),
})

type LabelledContainer = Pick<
  ContainerSpec,
  'pod' | 'name' | 'attempt' | 'specHash' | 'runSinceMs' | 'image' | 'terminationMessageFile' | 'fallbackToLogs'
>

export const containerLabels = (spec: LabelledContainer, instance: string): Record<string, string> => ({
  ...podLabels(spec.pod, instance),
  [LABEL.kind]: 'container',
  [LABEL.containerName]: spec.name,
  [LABEL.attempt]: String(spec.attempt),
  [LABEL.specHash]: spec.specHash,
  ...(spec.runSinceMs === undefined ? {} : { [LABEL.runSince]: String(spec.runSinceMs) }),
  [LABEL.image]: spec.image,
  [LABEL.terminationMessageFile]: spec.terminationMessageFile,
  [LABEL.fallbackToLogs]: String(spec.fallbackToLogs),
})

/** `k8s_web_name_namespace_uid_0`, with a suffix when that name is taken by a container nobody can remove. */
export const dockerName = (pod: PodIdentity, container: string, attempt: number): string =>
  `k8s_${container}_${pod.name}_${pod.namespace}_${pod.uid}_${attempt}`
