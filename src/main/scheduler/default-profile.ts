// The plugins that every pod meets, under upstream's names and with upstream's weights.
import type { Client } from '../../shared/client/client.ts'
import type { EventRecorder } from '../../shared/client/events.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Listers } from './framework/listers.ts'
import type { Profile } from './framework/profile.ts'
import { defaultBinder } from './plugins/default-binder/default-binder.ts'
import { defaultPreemption } from './plugins/default-preemption/default-preemption.ts'
import { imageLocality } from './plugins/image-locality/image-locality.ts'
import { interPodAffinity } from './plugins/inter-pod-affinity/inter-pod-affinity.ts'
import { podTopologySpread } from './plugins/pod-topology-spread/pod-topology-spread.ts'
import { nodeAffinity } from './plugins/node-affinity/node-affinity.ts'
import { nodeName } from './plugins/node-name/node-name.ts'
import { nodePorts } from './plugins/node-ports/node-ports.ts'
import { nodeResourcesBalancedAllocation } from './plugins/node-resources-balanced-allocation/node-resources-balanced-allocation.ts'
import { nodeResourcesFit } from './plugins/node-resources-fit/node-resources-fit.ts'
import { nodeUnschedulable } from './plugins/node-unschedulable/node-unschedulable.ts'
import { nodeVolumeLimits } from './plugins/node-volume-limits/node-volume-limits.ts'
import { schedulingGates } from './plugins/scheduling-gates/scheduling-gates.ts'
import { taintToleration } from './plugins/taint-toleration/taint-toleration.ts'
import { volumeBinding } from './plugins/volume-binding/volume-binding.ts'
import { volumeRestrictions } from './plugins/volume-restrictions/volume-restrictions.ts'
import { volumeZone } from './plugins/volume-zone/volume-zone.ts'

export const DEFAULT_SCHEDULER = 'default-scheduler'

export interface ProfileParts {
  readonly client: Client
  readonly clock: Clock
  readonly listers: Listers
  readonly events: EventRecorder
  /** Ends what waits for others, such as for volumes to be bound. */
  readonly signal: AbortSignal
}

/** Filters run in this order; the first that says no decides. */
export function defaultProfile(parts: ProfileParts, schedulerName = DEFAULT_SCHEDULER): Profile {
  const { client, listers } = parts
  const profile: Profile = {
    schedulerName,
    plugins: [
      { plugin: schedulingGates, weight: 0 },
      { plugin: nodeUnschedulable, weight: 0 },
      { plugin: nodeName, weight: 0 },
      { plugin: taintToleration, weight: 3 },
      { plugin: nodeAffinity, weight: 2 },
      { plugin: nodePorts, weight: 0 },
      { plugin: nodeResourcesFit(), weight: 1 },
      { plugin: volumeRestrictions(listers), weight: 0 },
      { plugin: nodeVolumeLimits(listers), weight: 0 },
      { plugin: volumeBinding(parts), weight: 0 },
      { plugin: volumeZone(listers), weight: 0 },
      { plugin: podTopologySpread(listers), weight: 2 },
      { plugin: interPodAffinity(listers.namespaces), weight: 2 },
      { plugin: nodeResourcesBalancedAllocation, weight: 1 },
      { plugin: imageLocality, weight: 1 },
      { plugin: defaultPreemption({ ...parts, profile: () => profile }), weight: 0 },
      { plugin: defaultBinder(client), weight: 0 },
    ],
  }
  return profile
}
