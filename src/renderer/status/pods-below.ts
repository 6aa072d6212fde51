// What owns pods takes on how they are: a Deployment whose pods crash is not on its way. Pure.
import type { Pod } from '../../shared/api/core/v1.ts'
import { controllerOf } from '../../shared/machinery/owner.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { isOver } from '../world/room.ts'
import { isPodReady, podStatus } from './pod-status.ts'
import { type StatusView, toneOrder, view } from './tone.ts'

/** Worse than waiting: what an owner is told by. */
const TOLD = new Set(['failed', 'warning'])
const HASH = 'pod-template-hash'

const keyOf = (kind: string, namespace: string | undefined, name: string) => `${kind}:${namespace ?? ''}/${name}`

/** Its controller, and the Deployment above that, which its ReplicaSet's name begins with. */
function ownersOf(pod: Pod): string[] {
  const owner = controllerOf(pod)
  if (!owner) return []
  const { namespace, labels } = pod.metadata
  const end = `-${labels?.[HASH] ?? ''}`
  const isRollout = owner.kind === 'ReplicaSet' && end.length > 1 && owner.name.endsWith(end)
  return [
    keyOf(owner.kind, namespace, owner.name),
    ...(isRollout ? [keyOf('Deployment', namespace, owner.name.slice(0, -end.length))] : []),
  ]
}

/** How the worst pod of each owner is; only owners that have one which is not well. */
export class WorstPods {
  readonly #byOwner = new Map<string, { readonly status: StatusView; readonly name: string }>()

  constructor(pods: readonly Pod[]) {
    for (const pod of pods) if (!isOver(pod) && !isPodReady(pod)) this.#take(pod)
  }

  #take(pod: Pod) {
    const status = podStatus(pod)
    if (!TOLD.has(status.tone)) return
    const { name } = pod.metadata
    for (const key of ownersOf(pod)) {
      const worst = this.#byOwner.get(key)
      const change = worst ? toneOrder.indexOf(status.tone) - toneOrder.indexOf(worst.status.tone) : -1
      // Of equals always the same one, in whichever order they are listed.
      if (!worst || change < 0 || (change === 0 && name < worst.name)) this.#byOwner.set(key, { status, name })
    }
  }

  below(kind: string, { metadata: { namespace, name } }: KubeObject): StatusView | undefined {
    const worst = this.#byOwner.get(keyOf(kind, namespace, name))
    return (
      worst && view(worst.status.tone, worst.status.text, `${worst.name}: ${worst.status.reason ?? worst.status.text}`)
    )
  }
}

/** Whether its pods say more than its own status does. */
export const isAboutPods = ({ tone, text }: StatusView): boolean => tone !== 'healthy' && text !== 'Terminating'

/** @param worst how the worst of its pods is, if one is not well */
export const withPods = (own: StatusView, worst: StatusView | undefined): StatusView =>
  worst && isAboutPods(own) && toneOrder.indexOf(worst.tone) <= toneOrder.indexOf(own.tone) ? worst : own
