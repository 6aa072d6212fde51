// Defaults of pods and of pod templates. A template gets `setPodSpecDefaults`; a pod gets `setPodDefaults` besides,
// which holds what must not appear in templates. @see k8s.io/kubernetes/pkg/apis/core/v1/defaults.go
import type {
  Container,
  EphemeralContainer,
  HTTPGetAction,
  LifecycleHandler,
  ObjectFieldSelector,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
} from '../../../../../shared/api/core/v1.ts'
import { emptyMap, entries, has, isEmpty, list } from '../../support/collections.ts'
import { defaultPullPolicy } from './image-tag.ts'
import { defaultPodLevelResources } from './pod-level-resources.ts'
import { setVolumeDefaults } from './volume-defaults.ts'

export function setFieldRefDefaults(ref: ObjectFieldSelector | undefined): void {
  if (ref) ref.apiVersion ||= 'v1'
}

function setHttpGetDefaults(action: HTTPGetAction | undefined): void {
  if (!action) return
  action.path ||= '/'
  action.scheme ||= 'HTTP'
}

function setProbeDefaults(probe: Probe | undefined): void {
  if (!probe) return
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  setHttpGetDefaults(probe.httpGet)
  if (probe.grpc) probe.grpc.service ??= ''
}

const setHandlerDefaults = (handler: LifecycleHandler | undefined) => setHttpGetDefaults(handler?.httpGet)

export function setContainerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '')
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  container.resources ??= {}
  for (const port of list(container.ports)) port.protocol ||= 'TCP'
  for (const variable of list(container.env)) {
    setFieldRefDefaults(variable.valueFrom?.fieldRef)
    if (variable.valueFrom?.resourceFieldRef) variable.valueFrom.resourceFieldRef.divisor ??= '0'
    const key = variable.valueFrom?.fileKeyRef
    if (key) key.optional ??= false
  }
  setProbeDefaults(container.livenessProbe)
  setProbeDefaults(container.readinessProbe)
  setProbeDefaults(container.startupProbe)
  setHandlerDefaults(container.lifecycle?.postStart)
  setHandlerDefaults(container.lifecycle?.preStop)
}

export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  spec.schedulerName ||= 'default-scheduler'
  // The deprecated alias follows the field that it stands for.
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount
  // Nobody schedules groups of pods.
  delete spec.schedulingGroup
  for (const volume of list(spec.volumes)) setVolumeDefaults(volume)
  for (const container of list(spec.initContainers)) setContainerDefaults(container)
  for (const container of list(spec.containers)) setContainerDefaults(container)
  for (const container of list(spec.ephemeralContainers)) setContainerDefaults(container)
}

/** What a workload without a template has: upstream's is a struct. */
export const emptyTemplate = (): PodTemplateSpec => ({ metadata: {}, spec: { containers: [] } })

export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (!template) return
  template.metadata ??= {}
  template.spec ??= { containers: [] }
  setPodSpecDefaults(template.spec)
}

function requestsFromLimits(resources: ResourceRequirements | undefined): void {
  if (!resources?.limits || isEmpty(resources.limits)) return
  const requests = (resources.requests ??= emptyMap<string | number>())
  for (const [name, quantity] of entries(resources.limits)) if (!has(requests, name)) requests[name] = quantity
}

function hostPorts(container: Container): void {
  for (const port of list(container.ports)) port.hostPort ||= port.containerPort
}

/** `podIP` is the first of `podIPs`; where both are told and differ, the one that every client knows counts. */
function settleAddresses(status: Pod['status']): void {
  const [first] = list(status.podIPs)
  if (status.podIP && first?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }]
  else if (!status.podIP && first?.ip) status.podIP = first.ip
}

export function setPodDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] }
  // Admission comes before the rules that want some.
  pod.spec.containers ??= []
  pod.status ??= {}
  settleAddresses(pod.status)
  setPodSpecDefaults(pod.spec)
  // Upstream makes a second of what is negative, and refuses nothing.
  if ((pod.spec.terminationGracePeriodSeconds ?? 0) < 0) pod.spec.terminationGracePeriodSeconds = 1
  const containers = [...list(pod.spec.containers), ...list(pod.spec.initContainers)]
  for (const container of containers) requestsFromLimits(container.resources)
  defaultPodLevelResources(pod.spec)
  pod.spec.enableServiceLinks ??= true
  if (pod.spec.hostNetwork) containers.forEach(hostPorts)
}
