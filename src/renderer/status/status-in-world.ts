// How an object is, by itself, by its pods, or by the pods that it leads to. Undefined where nothing is known of it.
import { Pod, Service } from '../../shared/api/core/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import { fromMatchLabels } from '../../shared/machinery/selectors.ts'
import { statusOf } from '../kinds/known.ts'
import { type ObjectRef, type World, namespaceOf } from '../world/world.ts'
import { type WorstPods, withPods } from './pods-below.ts'
import { serviceStatus } from './service-status.ts'
import type { StatusView } from './tone.ts'

export function statusInWorld(
  world: World,
  worstPods: WorstPods,
  { type, namespace, name }: ObjectRef,
): StatusView | undefined {
  const found = world.find<KubeObject>(type, namespace, name)
  if (!found) return undefined
  if (type.kind === Service.kind && type.group === Service.group) {
    const service = found as Service
    const pods = Object.keys(service.spec.selector ?? {}).length
      ? world.podsMatching(namespaceOf(service), fromMatchLabels(service.spec.selector))
      : []
    return world.knows(Pod) ? serviceStatus(service, pods) : undefined
  }
  const own = statusOf(type, found as AnyObject)
  return own && withPods(own, worstPods.below(type, found))
}
