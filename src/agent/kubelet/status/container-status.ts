// Container statuses out of what the runtime holds, what was reported before, and why the kubelet waits.
import type { Container, ContainerState, ContainerStatus, Pod } from '../../../shared/api/core/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import type { RuntimeContainer, RuntimePod } from '../runtime/contract.ts'
import { allContainers, restartsAfter } from '../spec/containers.ts'
import { shareOf } from '../sync/termination-message.ts'

/** Why a container that should run does not. */
export interface WaitReason {
  readonly reason: string
  readonly message: string
}

export interface StatusInput {
  readonly pod: Pod
  readonly runtime: RuntimePod
  /** Statuses that were reported last, of all kinds. */
  readonly previous: readonly ContainerStatus[]
  /** By container name. */
  readonly waiting: ReadonlyMap<string, WaitReason>
  /** Shown while nothing is known: `ContainerCreating` or `PodInitializing`. */
  readonly defaultReason: string
  /** By container id. */
  readonly terminationMessages: ReadonlyMap<string, string>
  /** Names of those that ended because all restart. */
  readonly restarting: ReadonlySet<string>
  /** Whether the pod is being deleted or has ended: nothing is started any more. */
  readonly ending: boolean
}

const RESTARTING = { reason: 'RestartingAllContainers', message: 'All containers of the pod restart' }
const EPOCH = '1970-01-01T00:00:00Z'
/** What upstream reports for a container that vanished. */
const VANISHED: ContainerState = {
  terminated: {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    startedAt: EPOCH,
    finishedAt: EPOCH,
  },
}

const seconds = (time: string | undefined): string => (time === undefined ? EPOCH : formatTime(Date.parse(time)))
export const containerIdOf = (id: string): string => `docker://${id}`

/** @param containers how many the pod has: they share what may be said */
function stateOf(container: RuntimeContainer, message: string | undefined, containers: number): ContainerState {
  if (container.state === 'running') return { running: { startedAt: seconds(container.startedAt) } }
  if (container.state === 'created') return {}
  const failedToStart = container.startError !== ''
  const exitCode = failedToStart ? 128 : container.exitCode
  const reason = failedToStart
    ? 'StartError'
    : container.oomKilled
      ? 'OOMKilled'
      : exitCode === 0
        ? 'Completed'
        : 'Error'
  const text = failedToStart ? container.startError : message
  return {
    terminated: {
      exitCode,
      reason,
      ...(text ? { message: shareOf(text, containers) } : {}),
      startedAt: seconds(container.startedAt),
      finishedAt: seconds(container.finishedAt ?? (failedToStart ? container.createdAt : undefined)),
      containerID: containerIdOf(container.id),
    },
  }
}

/** @returns one status per container, in the order given; `ready` and `started` are set later, by the probes */
export function containerStatuses(input: StatusInput, containers: readonly Container[]): ContainerStatus[] {
  return containers.map(container => statusOf(input, container))
}

function statusOf(input: StatusInput, container: Container): ContainerStatus {
  const { pod, runtime, previous, waiting, restarting, ending } = input
  const found = runtime.containers.filter(({ name, state }) => name === container.name && state !== 'created')
  const before = previous.find(({ name }) => name === container.name)
  const [current, last] = found
  const base = current ? fromRuntime(input, container, current, last, before) : fromMemory(input, container, before)
  const wait = waiting.get(container.name)
  const { state } = base
  if (ending || state?.running) return base
  const restarts = restarting.has(container.name)
  if (restarts && state?.terminated) return { ...base, state: { waiting: wait ?? RESTARTING }, lastState: state }
  if (!wait) return base
  if (state?.terminated && !restartsAfter(pod, container, state.terminated.exitCode)) return base
  const lastState = state?.terminated ? state : base.lastState
  return {
    ...base,
    state: { waiting: { reason: wait.reason, ...(wait.message ? { message: wait.message } : {}) } },
    lastState: lastState ?? {},
  }
}

function fromRuntime(
  { pod, terminationMessages }: StatusInput,
  container: Container,
  current: RuntimeContainer,
  last: RuntimeContainer | undefined,
  before: ContainerStatus | undefined,
): ContainerStatus {
  const containers = allContainers(pod).length
  const state = stateOf(current, terminationMessages.get(current.id), containers)
  const lastState = last
    ? stateOf(last, terminationMessages.get(last.id), containers)
    : before && before.containerID !== containerIdOf(current.id) && before.state?.terminated
      ? before.state
      : before?.lastState
  return {
    name: container.name,
    state,
    lastState: lastState ?? {},
    ready: false,
    restartCount: current.attempt,
    image: current.image,
    imageID: current.imageId,
    containerID: containerIdOf(current.id),
  }
}

/** The runtime holds nothing of it: it is still to come, or it vanished. */
function fromMemory(
  { pod, defaultReason, ending }: StatusInput,
  container: Container,
  before: ContainerStatus | undefined,
): ContainerStatus {
  const fresh: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason: defaultReason } },
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image ?? '',
    imageID: '',
  }
  if (!before?.containerID) return ending && before ? before : fresh
  const ended = before.state?.terminated ? before.state : before.state?.running ? VANISHED : undefined
  if (!ended) return { ...before, ready: false, state: before.state ?? { waiting: { reason: defaultReason } } }
  const again = !ending && restartsAfter(pod, container, ended.terminated?.exitCode ?? 0)
  if (!again) return { ...before, ready: false, started: false, state: ended }
  return { ...before, ready: false, started: false, state: { waiting: { reason: defaultReason } }, lastState: ended }
}
