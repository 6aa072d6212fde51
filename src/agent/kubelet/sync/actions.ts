// Decides what has to be done to make the runtime match the pod. Pure: looks, never acts.
import type { Container, Pod } from '../../../shared/api/core/v1.ts'
import type { RuntimeContainer, RuntimePod } from '../runtime/contract.ts'
import {
  ephemeralContainers,
  exitCodeOf,
  initContainers,
  isSidecar,
  restartPolicyOf,
  restartsAfter,
  specHashOf,
} from '../spec/containers.ts'
import { presentRun } from './restart-all.ts'

export interface Kill {
  readonly container: RuntimeContainer
  /** Of the event. */
  readonly message: string
  /** Whatever its exit code will be. */
  readonly restart: boolean
  /** Instead of the pod's own. */
  readonly graceSeconds?: number
}

export interface Actions {
  /** A new sandbox is needed; everything in the old one ends first. */
  readonly createSandbox: boolean
  readonly sandboxAttempt: number
  /** Everything ended for good: the sandbox goes as well. */
  readonly endPod: boolean
  /** To be started now, in order, once those that are killed are dead. Those in back-off are among them. */
  readonly start: readonly Container[]
  readonly kill: readonly Kill[]
}

export const isSomething = ({ createSandbox, start, kill }: Actions): boolean =>
  createSandbox || start.length > 0 || kill.length > 0

export interface ProbeVerdicts {
  /** Whether liveness or startup failed. */
  failed(containerId: string): 'liveness' | 'startup' | undefined
  started(containerId: string): boolean | undefined
}

const newest = (runtime: RuntimePod, name: string): RuntimeContainer | undefined =>
  runtime.containers.find(container => container.name === name && container.state !== 'created')

/** @param connected id of the sandbox that this agent has made and connected itself */
export function computeActions(
  pod: Pod,
  observed: RuntimePod,
  probes: ProbeVerdicts,
  connected: string | undefined,
): Actions {
  const { runtime, leftOver } = presentRun(pod, observed)
  const [sandbox] = runtime.sandboxes
  const sandboxAttempt = sandbox ? sandbox.attempt + 1 : 0
  const none = { createSandbox: false, sandboxAttempt, endPod: false, start: [], kill: [] }
  if (sandbox?.state !== 'running') return withoutSandbox(pod, runtime, none)
  if (sandbox.id !== connected && !wasUsed(sandbox, observed)) return { ...none, createSandbox: true }
  if (leftOver.length > 0) return { ...none, kill: leftOver.map(ofPastRun) }

  const init = nextInit(pod, runtime, probes)
  if (init.failed) return { ...none, endPod: true }
  const kill = [...init.kill]
  const start = [...init.start]
  let kept = 0
  if (init.done) {
    for (const spec of pod.spec.containers) {
      const current = newest(runtime, spec.name)
      if (current?.state === 'running') {
        const why = whyKill(pod, spec, current, probes)
        if (why) kill.push(why)
        if (why?.restart) start.push(spec)
        else kept++ // also when killed for good: the pod ends once it is dead
      } else if (!current || restartsAfter(pod, spec, exitCodeOf(current))) start.push(spec)
    }
    if (kept === 0 && start.length === init.start.length) return { ...none, endPod: true }
  }
  for (const spec of ephemeralContainers(pod)) if (!newest(runtime, spec.name)) start.push(spec)
  return { ...none, start, kill }
}

const ofPastRun = (container: RuntimeContainer): Kill => ({
  container,
  message: `All containers restart: container ${container.name} is killed, will be restarted`,
  restart: false, // with the next run
  graceSeconds: 0,
})

/** An agent that was killed may have left a sandbox without its network: one in which something started is whole. */
const wasUsed = ({ createdAt }: RuntimeContainer, { containers }: RuntimePod): boolean =>
  containers.some(container => container.state !== 'created' && container.createdAt >= createdAt)

/** Nothing runs without a sandbox; a new one is made only for a pod that still has something to do. */
function withoutSandbox(pod: Pod, runtime: RuntimePod, none: Actions): Actions {
  const ran = pod.spec.containers.map(spec => ({ spec, container: newest(runtime, spec.name) }))
  const anyRan = ran.some(({ container }) => container)
  if (anyRan && restartPolicyOf(pod) !== 'Always') {
    const todo = ran.some(({ spec, container }) => !container || restartsAfter(pod, spec, exitCodeOf(container)))
    if (!todo) return { ...none, endPod: true }
  }
  const failedInit = initContainers(pod).some(spec => {
    const container = newest(runtime, spec.name)
    return (
      container?.state === 'exited' && exitCodeOf(container) !== 0 && !restartsAfter(pod, spec, exitCodeOf(container))
    )
  })
  return failedInit ? { ...none, endPod: true } : { ...none, createSandbox: true }
}

/** A container that is another one by now comes back whatever the restart policy; one that a probe failed, unless never. */
function whyKill(pod: Pod, spec: Container, container: RuntimeContainer, probes: ProbeVerdicts): Kill | undefined {
  const what = initContainers(pod).includes(spec) ? 'Init container' : 'Container'
  const say = (why: string, restart: boolean) => `${what} ${spec.name} ${why}${restart ? ', will be restarted' : ''}`
  if (container.specHash !== specHashOf(spec))
    return { container, message: say('definition changed', true), restart: true }
  const failed = probes.failed(container.id)
  if (!failed) return undefined
  const { terminationGracePeriodSeconds: graceSeconds } =
    (failed === 'startup' ? spec.startupProbe : spec.livenessProbe) ?? {}
  const restart = (spec.restartPolicy ?? restartPolicyOf(pod)) !== 'Never'
  const message = say(`failed ${failed} probe`, restart)
  return { container, message, restart, ...(graceSeconds === undefined ? {} : { graceSeconds }) }
}

interface InitProgress {
  readonly start: readonly Container[]
  readonly kill: readonly Kill[]
  /** App containers may run. */
  readonly done: boolean
  readonly failed: boolean
}

/** Init containers run one after the other; sidecars only have to be started for the next one to follow. */
function nextInit(pod: Pod, runtime: RuntimePod, probes: ProbeVerdicts): InitProgress {
  const start: Container[] = []
  const kill: Kill[] = []
  // Once an app container of this sandbox ran, ordinary init containers are not looked at again.
  const since = runtime.sandboxes[0]?.createdAt ?? ''
  const appRan = pod.spec.containers.some(({ name }) => {
    const container = newest(runtime, name)
    return container !== undefined && container.createdAt >= since
  })
  for (const spec of initContainers(pod)) {
    const found = newest(runtime, spec.name)
    const current = found && found.createdAt >= since ? found : undefined
    if (isSidecar(spec)) {
      if (current?.state === 'running') {
        const why = whyKill(pod, spec, current, probes)
        if (why) kill.push(why)
        if (!appRan && probes.started(current.id) === false) return { start, kill, done: false, failed: false }
      } else {
        start.push(spec)
        if (!appRan) return { start, kill, done: false, failed: false }
      }
      continue
    }
    if (appRan) continue
    // It has no probes, and is let end whatever image it is to have by now.
    if (current?.state === 'running') return { start, kill, done: false, failed: false }
    if (!current) return { start: [...start, spec], kill, done: false, failed: false }
    if (exitCodeOf(current) === 0) continue
    if (!restartsAfter(pod, spec, exitCodeOf(current))) return { start, kill, done: false, failed: true }
    return { start: [...start, spec], kill, done: false, failed: false }
  }
  return { start, kill, done: true, failed: false }
}
