// Permit, PreBind and Bind: what happens to a pod between its decision and its node.
import type { PodInfo } from '../cache/pod-info.ts'
import type { CycleState } from './cycle-state.ts'
import type { ClusterView } from './cluster-view.ts'
import { type Profile, having } from './profile.ts'
import { isSuccess, type Status } from './status.ts'

/** @returns what a user is told; of an error also where it was made, in upstream's words */
const told = (point: 'Permit' | 'PreBind' | 'Bind', plugin: string, { code, reasons }: Status): string =>
  `${code === 'Error' ? `running ${point} plugin "${plugin}": ` : ''}${reasons.join(', ')}`

/**
 * @param waiting wraps what may take long, for others have to act first
 * @returns what went wrong, if anything
 */
export async function runBindPlugins(
  profile: Profile,
  state: CycleState,
  pod: PodInfo,
  nodeName: string,
  view: ClusterView,
  waiting: <T>(wait: Promise<T>) => Promise<T>,
): Promise<string | undefined> {
  for (const point of ['permit', 'preBind'] as const)
    for (const plugin of having(profile, point)) {
      const node = view.node(nodeName)
      if (!node) return 'the node is gone'
      const status = await waiting(plugin[point](state, pod, node))
      if (!isSuccess(status)) return told(point === 'permit' ? 'Permit' : 'PreBind', plugin.name, status)
    }
  for (const plugin of having(profile, 'bind')) {
    const status = await plugin.bind(state, pod, nodeName)
    if (status.code !== 'Skip') return isSuccess(status) ? undefined : told('Bind', plugin.name, status)
  }
  return 'no bind plugin took the pod'
}
