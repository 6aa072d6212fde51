// The plugins that every pod meets unless a configuration says otherwise, under upstream's names and with upstream's
// weights.
import type { Client } from '../../shared/client/client.ts'
import type { SeriesRecorder } from '../../shared/client/event-series.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import type { Listers } from './framework/listers.ts'
import type { PluginArgs } from './config/plugin-args.ts'
import type { SchedulerPlugin } from './framework/plugin.ts'
import type { Profile } from './framework/profile.ts'
import { defaultBinder } from './plugins/default-binder/default-binder.ts'
import { defaultPreemption } from './plugins/default-preemption/default-preemption.ts'
import { dynamicResources } from './plugins/dynamic-resources/dynamic-resources.ts'
import { imageLocality } from './plugins/image-locality/image-locality.ts'
import { interPodAffinity } from './plugins/inter-pod-affinity/inter-pod-affinity.ts'
import { podTopologySpread } from './plugins/pod-topology-spread/pod-topology-spread.ts'
import { nodeAffinity } from './plugins/node-affinity/node-affinity.ts'
import { nodeDeclaredFeatures } from './plugins/node-declared-features/node-declared-features.ts'
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
  readonly events: SeriesRecorder
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** Ends what waits for others, such as for volumes to be bound. */
  readonly signal: AbortSignal
  /** Asked to bind before the profile's own plugins. */
  readonly binders?: readonly SchedulerPlugin[]
  /** Extenders rule nodes out or score them. */
  readonly extendersChoose?: boolean
}

interface DefaultPlugin {
  readonly name: string
  /** 0 = it has no score. */
  readonly weight: number
  readonly make: (parts: ProfileParts, args: PluginArgs, profile: () => Profile) => SchedulerPlugin
}

const plugin = <N extends string>(name: N, weight: number, make: DefaultPlugin['make']) => ({ name, weight, make })

/** Filters run in this order; the first that says no decides. */
export const DEFAULT_PLUGINS = [
  plugin('SchedulingGates', 0, () => schedulingGates),
  plugin('NodeUnschedulable', 0, () => nodeUnschedulable),
  plugin('NodeName', 0, () => nodeName),
  plugin('TaintToleration', 3, () => taintToleration),
  plugin('NodeAffinity', 2, (_parts, args) => nodeAffinity(args.NodeAffinity.addedAffinity)),
  plugin('NodePorts', 0, () => nodePorts),
  plugin('NodeResourcesFit', 1, ({ listers }, args) => nodeResourcesFit(args.NodeResourcesFit, listers)),
  plugin('VolumeRestrictions', 0, ({ listers }) => volumeRestrictions(listers)),
  plugin('NodeVolumeLimits', 0, ({ listers }) => nodeVolumeLimits(listers)),
  plugin('VolumeBinding', 0, (parts, args) =>
    volumeBinding({ ...parts, timeoutMs: args.VolumeBinding.bindTimeoutSeconds * 1000 }),
  ),
  plugin('VolumeZone', 0, ({ listers }) => volumeZone(listers)),
  plugin('PodTopologySpread', 2, ({ listers }, args) => podTopologySpread(listers, args.PodTopologySpread)),
  plugin('InterPodAffinity', 2, ({ listers }, args) => interPodAffinity(listers.namespaces, args.InterPodAffinity)),
  plugin('NodeResourcesBalancedAllocation', 1, (_parts, args) =>
    nodeResourcesBalancedAllocation(args.NodeResourcesBalancedAllocation.resources),
  ),
  plugin('ImageLocality', 1, () => imageLocality),
  // Before preemption: a claim that nobody uses is given up rather than a pod that works.
  plugin('DynamicResources', 0, (parts, { DynamicResources: { bindingTimeoutMs, filterTimeoutMs } }) =>
    dynamicResources({ ...parts, timeoutMs: bindingTimeoutMs, filterTimeoutMs }),
  ),
  plugin('DefaultPreemption', 0, (parts, args, profile) =>
    defaultPreemption({ ...parts, ...args.DefaultPreemption, profile }),
  ),
  plugin('DefaultBinder', 0, ({ client }) => defaultBinder(client)),
  plugin('NodeDeclaredFeatures', 0, () => nodeDeclaredFeatures),
] as const

export type PluginName = (typeof DEFAULT_PLUGINS)[number]['name']
