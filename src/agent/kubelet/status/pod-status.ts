// Puts a pod's whole status together.
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../../shared/api/core/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'
import type { Usage } from '../../../shared/machinery/quota-usage.ts'
import { ephemeralContainers, initContainers, isSidecar } from '../spec/containers.ts'
import { conditionsOf } from './conditions.ts'
import { type StatusInput, type WaitReason, containerStatuses } from './container-status.ts'
import { presentRun, restartCondition } from '../sync/restart-all.ts'
import { phaseOf } from './phase.ts'
import { type ActualFacts, withActual } from './actual.ts'
import { wholeLimitsOf } from '../spec/resources.ts'

/** Results of probes, by container id. */
export interface ProbeResults {
  /** @returns undefined when the container has no such probe */
  ready(containerId: string): boolean | undefined
  started(containerId: string): boolean | undefined
}

export interface PodStatusInput extends ActualFacts {
  /** What was reported last; the API's own status after a start. */
  readonly previous: PodStatus
  /** Why no sandbox could be made, the last time that it was tried. */
  readonly sandboxProblem: string | undefined
  readonly waiting: ReadonlyMap<string, WaitReason>
  readonly terminationMessages: ReadonlyMap<string, string>
  /** Conditions about a resize. */
  readonly resize: readonly Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>[]
  readonly probes: ProbeResults
  readonly podIPs: readonly string[]
  /** The node's, primary first. */
  readonly hostIPs: readonly string[]
  /** Set when the kubelet ended the pod: `DeadlineExceeded`, `Evicted`. */
  readonly verdict: { readonly reason: string; readonly message: string; readonly disruption?: string } | undefined
  readonly ending: boolean
  readonly nowMs: number
}

const NONE: ReadonlySet<string> = new Set()

export function podStatusOf(input: PodStatusInput): PodStatus {
  const { pod, previous, runtime, probes, podIPs, hostIPs, verdict, ending, nowMs } = input
  const now = formatTime(nowMs)
  const known = [
    ...(previous.initContainerStatuses ?? []),
    ...(previous.containerStatuses ?? []),
    ...(previous.ephemeralContainerStatuses ?? []),
  ]
  const hasInit = initContainers(pod).length > 0
  const { restarting } = presentRun(pod, runtime)
  const base: StatusInput = {
    pod,
    runtime,
    previous: known,
    waiting: input.waiting,
    defaultReason: hasInit ? 'PodInitializing' : 'ContainerCreating',
    terminationMessages: input.terminationMessages,
    restarting,
    ending,
  }
  const withProbes = (statuses: ContainerStatus[]) => statuses.map(status => applyProbes(status, probes))
  const actual = (status: ContainerStatus) => withActual(input, status, known)
  const init = withProbes(containerStatuses(base, initContainers(pod)))
    .map(status => markInit(pod, status))
    .map(actual)
  const app = withProbes(containerStatuses(base, pod.spec.containers)).map(actual)
  const ephemeral = containerStatuses(base, ephemeralContainers(pod))
  const byName = new Map([...init, ...app].map(status => [status.name, status]))
  // A pod that was over stays over.
  const over = previous.phase === 'Succeeded' || previous.phase === 'Failed' ? previous.phase : undefined
  const phase = over ?? (verdict && app.every(({ state }) => !state?.running) ? 'Failed' : phaseOf(pod, byName, ending))
  // Nothing runs in a pod that is over: until its sidecars have ended as well, it is what it was.
  const runsOn = over === undefined && [...init, ...app, ...ephemeral].some(({ state }) => state?.running)
  const isHeld = runsOn && (phase === 'Succeeded' || phase === 'Failed')
  const sandboxReady = runtime.sandboxes[0]?.state === 'running' && (podIPs.length > 0 || pod.spec.hostNetwork === true)
  return {
    ...previous,
    phase: isHeld ? (previous.phase ?? 'Pending') : phase,
    conditions: conditionsOf(
      pod,
      previous.conditions,
      byName,
      phase,
      sandboxReady,
      input.sandboxProblem,
      [...input.resize, ...disruptionOf(verdict), ...restartCondition(pod, ending ? NONE : restarting)],
      now,
    ),
    hostIP: hostIPs[0] ?? '',
    hostIPs: hostIPs.map(ip => ({ ip })),
    ...(podIPs[0] === undefined ? {} : { podIP: podIPs[0], podIPs: podIPs.map(ip => ({ ip })) }),
    startTime: previous.startTime ?? now,
    ...wholeOf(input),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: app,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    ...(verdict && !isHeld ? { reason: verdict.reason, message: verdict.message } : {}),
    ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
  }
}

/** What is set aside for the pod as a whole, and what it has: until a resize is carried out, what it had. */
function wholeOf({
  pod: { spec },
  previous,
  resize,
}: PodStatusInput): Pick<PodStatus, 'resources' | 'allocatedResources'> {
  const texts = (amounts: Usage) => Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toString()]))
  const [requests, limits] = [texts(totalOf(spec, 'requests')), texts(wholeLimitsOf(spec))]
  const isChanging = resize.some(({ type }) => type === 'PodResizeInProgress')
  const some = <T extends object>(name: string, of: T) => (Object.keys(of).length > 0 ? { [name]: of } : {})
  const now = { ...some('requests', requests), ...some('limits', limits) }
  return { ...some('allocatedResources', requests), resources: (isChanging ? previous.resources : undefined) ?? now }
}

const disruptionOf = (verdict: PodStatusInput['verdict']) =>
  verdict?.disruption
    ? [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: verdict.disruption }]
    : []

function applyProbes(status: ContainerStatus, probes: ProbeResults): ContainerStatus {
  const id = status.containerID?.replace('docker://', '') ?? ''
  const running = status.state?.running !== undefined
  const started = running && (probes.started(id) ?? true)
  return { ...status, started, ready: started && (probes.ready(id) ?? true) }
}

/** An init container is ready when it is done, unless it stays up. */
function markInit(pod: Pod, status: ContainerStatus): ContainerStatus {
  const container = initContainers(pod).find(({ name }) => name === status.name)
  if (container && isSidecar(container)) return status
  return { ...status, ready: status.state?.terminated?.exitCode === 0 }
}
