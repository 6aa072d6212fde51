// RestartAllContainers: a container that ends with a code of such a rule ends the pod's run. Whatever belongs to that
// run is killed; then everything starts anew, init containers first, in the sandbox and with the volumes that are there.
//
//   init ─ web ─ sidecar … web exits 42 at T │ the others are killed │ init, web, sidecar of the run since T
//
// Each container says which run it was made for, and the runtime's containers alone tell where it stands, so an agent
// that starts in between goes on.
import type { Pod, PodCondition } from '../../../shared/api/core/v1.ts'
import { restartRuleOf } from '../../../shared/machinery/restart-rules.ts'
import type { RuntimeContainer, RuntimePod } from '../runtime/contract.ts'
import { ephemeralContainers, exitCodeOf, initContainers } from '../spec/containers.ts'

const ACTION = 'RestartAllContainers'

const containersOf = (pod: Pod) => [...initContainers(pod), ...pod.spec.containers]

const mayRestartAll = (pod: Pod): boolean =>
  containersOf(pod).some(({ restartPolicyRules }) => restartPolicyRules?.some(({ action }) => action === ACTION))

/** When the last run ended; minus infinity for a pod that is in its first. */
function lastEndMs(pod: Pod, { containers }: RuntimePod): number {
  const specs = new Map(containersOf(pod).map(spec => [spec.name, spec]))
  const ends = containers.map(container => {
    const spec = specs.get(container.name)
    if (!spec || container.state !== 'exited') return Number.NEGATIVE_INFINITY
    if (restartRuleOf(spec, exitCodeOf(container))?.action !== ACTION) return Number.NEGATIVE_INFINITY
    return Date.parse(container.finishedAt ?? container.createdAt)
  })
  return Math.max(Number.NEGATIVE_INFINITY, ...ends)
}

/** Which run a container belongs to that is made now; undefined where runs are not told apart. */
export const runSinceMsOf = (pod: Pod, runtime: RuntimePod): number | undefined =>
  mayRestartAll(pod) ? lastEndMs(pod, runtime) : undefined

export interface Run {
  /** The pod with what belongs to its present run; containers for debugging belong to every run. */
  readonly runtime: RuntimePod
  /** What still runs of the one before. */
  readonly leftOver: readonly RuntimeContainer[]
  /** Names of containers that ran before, and have not come back yet. */
  readonly restarting: ReadonlySet<string>
}

export function presentRun(pod: Pod, runtime: RuntimePod): Run {
  if (!mayRestartAll(pod)) return { runtime, leftOver: [], restarting: new Set() }
  const since = lastEndMs(pod, runtime)
  const always = new Set(ephemeralContainers(pod).map(({ name }) => name))
  const isPresent = ({ name, runSinceMs = Number.NEGATIVE_INFINITY }: RuntimeContainer) =>
    always.has(name) || runSinceMs >= since
  const present = runtime.containers.filter(isPresent)
  const past = runtime.containers.filter(container => !isPresent(container))
  const back = new Set(present.filter(({ state }) => state !== 'created').map(({ name }) => name))
  return {
    runtime: { ...runtime, containers: present },
    leftOver: past.filter(({ state }) => state === 'running'),
    restarting: new Set(past.map(({ name }) => name).filter(name => !back.has(name))),
  }
}

/** Told of every pod that has such a rule. */
export function restartCondition(
  pod: Pod,
  restarting: ReadonlySet<string>,
): Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>[] {
  if (!mayRestartAll(pod)) return []
  if (restarting.size === 0) return [{ type: 'AllContainersRestarting', status: 'False' }]
  const message = 'container exited with restart policy rule'
  return [{ type: 'AllContainersRestarting', status: 'True', reason: 'RestartAllContainersStarted', message }]
}
