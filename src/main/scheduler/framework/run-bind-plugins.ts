// Permit, PreBind and Bind: what happens to a pod between its decision and its node.
import type { PodInfo } from '../cache/pod-info.ts'
import type { CycleState } from './cycle-state.ts'
import type { ClusterView } from './cluster-view.ts'
import { type Profile, having } from './profile.ts'
import { isSuccess } from './status.ts'

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
      if (!isSuccess(status)) return status.reasons.join(', ')
    }
  for (const plugin of having(profile, 'bind')) {
    const status = await plugin.bind(state, pod, nodeName)
    if (status.code !== 'Skip') return isSuccess(status) ? undefined : status.reasons.join(', ')
  }
  return 'no bind plugin took the pod'
}
