// The arguments that upstream's plugins take in a KubeSchedulerConfiguration, each with upstream's defaults.
// @see https://kubernetes.io/docs/reference/config-api/kube-scheduler-config.v1/
import type { NodeAffinity, TopologySpreadConstraint } from '../../../shared/api/core/v1.ts'
import { parseDuration } from '../../../shared/machinery/duration.ts'
import { type Section, flag, integer, neededText, oneOf, only, section, sections, text, texts } from './fields.ts'

export interface WeightedResource {
  readonly name: string
  readonly weight: number
}

export interface UtilizationPoint {
  /** Percent. */
  readonly utilization: number
  /** 0…10 */
  readonly score: number
}

export interface ScoringStrategy {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio'
  readonly resources: readonly WeightedResource[]
  /** RequestedToCapacityRatio only, by rising utilization. */
  readonly shape: readonly UtilizationPoint[]
}

export interface PluginArgs {
  readonly NodeAffinity: { readonly addedAffinity?: NodeAffinity }
  readonly NodeResourcesFit: {
    readonly ignoredResources: readonly string[]
    readonly ignoredResourceGroups: readonly string[]
    readonly scoringStrategy: ScoringStrategy
  }
  readonly NodeResourcesBalancedAllocation: { readonly resources: readonly WeightedResource[] }
  readonly PodTopologySpread: {
    readonly defaultingType: 'System' | 'List'
    readonly defaultConstraints: readonly TopologySpreadConstraint[]
  }
  readonly InterPodAffinity: {
    readonly hardPodAffinityWeight: number
    readonly ignorePreferredTermsOfExistingPods: boolean
  }
  readonly DefaultPreemption: {
    readonly minCandidateNodesPercentage: number
    readonly minCandidateNodesAbsolute: number
  }
  readonly VolumeBinding: { readonly bindTimeoutSeconds: number }
  readonly DynamicResources: {
    readonly bindingTimeoutMs: number
    /** Of the search for devices on one node; 0 = any. */
    readonly filterTimeoutMs: number
  }
}

const CPU_AND_MEMORY: readonly WeightedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]

export const DEFAULT_ARGS: PluginArgs = {
  NodeAffinity: {},
  NodeResourcesFit: {
    ignoredResources: [],
    ignoredResourceGroups: [],
    scoringStrategy: { type: 'LeastAllocated', resources: CPU_AND_MEMORY, shape: [] },
  },
  NodeResourcesBalancedAllocation: { resources: CPU_AND_MEMORY },
  PodTopologySpread: { defaultingType: 'System', defaultConstraints: [] },
  InterPodAffinity: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
  DefaultPreemption: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 },
  VolumeBinding: { bindTimeoutSeconds: 600 },
  DynamicResources: { bindingTimeoutMs: 600_000, filterTimeoutMs: 10_000 },
}

const INT32 = 2 ** 31 - 1

function resources(given: Section): readonly WeightedResource[] | undefined {
  const found = sections(given, 'resources').map(entry => {
    only(entry, 'name', 'weight')
    return { name: neededText(entry, 'name'), weight: integer(entry, 'weight', 1, 100) ?? 1 }
  })
  return found.length > 0 ? found : undefined
}

function shape(given: Section): UtilizationPoint[] {
  const points = sections(given, 'shape').map(entry => {
    only(entry, 'utilization', 'score')
    return { utilization: integer(entry, 'utilization', 0, 100) ?? 0, score: integer(entry, 'score', 0, 10) ?? 0 }
  })
  for (const [i, point] of points.entries())
    if (i > 0 && point.utilization <= (points[i - 1]?.utilization ?? 0))
      throw new Error(`${given.path}.shape[${i}].utilization must be greater than the one before`)
  return points
}

function scoringStrategy(given: Section | undefined): ScoringStrategy {
  const standard = DEFAULT_ARGS.NodeResourcesFit.scoringStrategy
  if (!given) return standard
  only(given, 'type', 'resources', 'requestedToCapacityRatio')
  const types = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'] as const
  const type = oneOf(given, 'type', types) ?? standard.type
  const ratio = section(given, 'requestedToCapacityRatio')
  if (ratio) only(ratio, 'shape')
  const points = ratio ? shape(ratio) : []
  if (type === 'RequestedToCapacityRatio' && points.length === 0)
    throw new Error(`${given.path}.requestedToCapacityRatio.shape is needed, with at least one point`)
  return { type, resources: resources(given) ?? standard.resources, shape: points }
}

function spreadConstraint(given: Section): TopologySpreadConstraint {
  only(given, 'maxSkew', 'topologyKey', 'whenUnsatisfiable')
  const when = oneOf(given, 'whenUnsatisfiable', ['DoNotSchedule', 'ScheduleAnyway'] as const)
  const maxSkew = integer(given, 'maxSkew', 1, INT32)
  if (when === undefined) throw new Error(`${given.path}.whenUnsatisfiable is needed`)
  if (maxSkew === undefined) throw new Error(`${given.path}.maxSkew is needed`)
  return { maxSkew, topologyKey: neededText(given, 'topologyKey'), whenUnsatisfiable: when }
}

/** The shape of node affinity; a selector that nothing can match is the file's own business. */
function addedAffinity(given: Section): NodeAffinity {
  only(given, 'requiredDuringSchedulingIgnoredDuringExecution', 'preferredDuringSchedulingIgnoredDuringExecution')
  const requirement = (entry: Section) => {
    only(entry, 'key', 'operator', 'values')
    const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] as const
    const operator = oneOf(entry, 'operator', operators)
    if (operator === undefined) throw new Error(`${entry.path}.operator is needed`)
    return { key: neededText(entry, 'key'), operator, values: texts(entry, 'values') }
  }
  const term = (entry: Section) => {
    only(entry, 'matchExpressions', 'matchFields')
    return {
      matchExpressions: sections(entry, 'matchExpressions').map(requirement),
      matchFields: sections(entry, 'matchFields').map(requirement),
    }
  }
  const required = section(given, 'requiredDuringSchedulingIgnoredDuringExecution')
  if (required) only(required, 'nodeSelectorTerms')
  const preferred = sections(given, 'preferredDuringSchedulingIgnoredDuringExecution').map(entry => {
    only(entry, 'weight', 'preference')
    const preference = section(entry, 'preference')
    if (!preference) throw new Error(`${entry.path}.preference is needed`)
    return { weight: integer(entry, 'weight', 1, 100) ?? 1, preference: term(preference) }
  })
  return {
    ...(required
      ? {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: sections(required, 'nodeSelectorTerms').map(term),
          },
        }
      : {}),
    ...(preferred.length > 0 ? { preferredDuringSchedulingIgnoredDuringExecution: preferred } : {}),
  }
}

type Readers = {
  readonly [K in keyof PluginArgs]: (given: Section, fields: (...names: string[]) => void) => PluginArgs[K]
}

const readers: Readers = {
  NodeAffinity(given, fields) {
    fields('addedAffinity')
    const added = section(given, 'addedAffinity')
    return added ? { addedAffinity: addedAffinity(added) } : {}
  },
  NodeResourcesFit(given, fields) {
    fields('ignoredResources', 'ignoredResourceGroups', 'scoringStrategy')
    return {
      ignoredResources: texts(given, 'ignoredResources'),
      ignoredResourceGroups: texts(given, 'ignoredResourceGroups'),
      scoringStrategy: scoringStrategy(section(given, 'scoringStrategy')),
    }
  },
  NodeResourcesBalancedAllocation(given, fields) {
    fields('resources')
    return { resources: resources(given) ?? CPU_AND_MEMORY }
  },
  PodTopologySpread(given, fields) {
    fields('defaultConstraints', 'defaultingType')
    const defaultConstraints = sections(given, 'defaultConstraints').map(spreadConstraint)
    const defaultingType = oneOf(given, 'defaultingType', ['System', 'List'] as const) ?? 'System'
    if (defaultingType === 'System' && defaultConstraints.length > 0)
      throw new Error(`${given.path}.defaultConstraints need defaultingType List`)
    return { defaultingType, defaultConstraints }
  },
  InterPodAffinity(given, fields) {
    fields('hardPodAffinityWeight', 'ignorePreferredTermsOfExistingPods')
    return {
      hardPodAffinityWeight: integer(given, 'hardPodAffinityWeight', 0, 100) ?? 1,
      ignorePreferredTermsOfExistingPods: flag(given, 'ignorePreferredTermsOfExistingPods'),
    }
  },
  DefaultPreemption(given, fields) {
    fields('minCandidateNodesPercentage', 'minCandidateNodesAbsolute')
    return {
      minCandidateNodesPercentage: integer(given, 'minCandidateNodesPercentage', 0, 100) ?? 10,
      minCandidateNodesAbsolute: integer(given, 'minCandidateNodesAbsolute', 0, INT32) ?? 100,
    }
  },
  VolumeBinding(given, fields) {
    fields('bindTimeoutSeconds')
    return { bindTimeoutSeconds: integer(given, 'bindTimeoutSeconds', 0, INT32) ?? 600 }
  },
  DynamicResources(given, fields) {
    fields('bindingTimeout', 'filterTimeout')
    const { bindingTimeoutMs, filterTimeoutMs } = DEFAULT_ARGS.DynamicResources
    return {
      bindingTimeoutMs:
        duration(given, 'bindingTimeout', 1000, 'of at least a second, such as "10m"') ?? bindingTimeoutMs,
      filterTimeoutMs: duration(given, 'filterTimeout', 0, 'of zero or more, such as "10s"') ?? filterTimeoutMs,
    }
  },
}

function duration(given: Section, name: string, leastMs: number, what: string): number | undefined {
  const found = text(given, name)
  if (found === undefined) return undefined
  const ms = parseDuration(found)
  if (ms === undefined || ms < leastMs) throw new Error(`${given.path}.${name} must be a duration ${what}`)
  return ms
}

const takesArgs = (name: string): name is keyof PluginArgs => Object.hasOwn(readers, name)

/** @param given `pluginConfig` of a profile @throws Error with the path of what is wrong */
export function readPluginArgs(given: readonly Section[]): PluginArgs {
  const args: Partial<Record<keyof PluginArgs, unknown>> = {}
  for (const entry of given) {
    only(entry, 'name', 'args')
    const name = neededText(entry, 'name')
    if (!takesArgs(name))
      throw new Error(
        `${entry.path}.name: "${name}" takes no arguments; those that do: ${Object.keys(readers).join(', ')}`,
      )
    if (args[name]) throw new Error(`${entry.path}.name: "${name}" has its arguments already`)
    const found = section(entry, 'args') ?? { path: `${entry.path}.args`, value: {} }
    const kind = text(found, 'kind')
    if (kind !== undefined && kind !== `${name}Args`)
      throw new Error(`${found.path}.kind must be ${name}Args, not "${kind}"`)
    text(found, 'apiVersion')
    args[name] = readers[name](found, (...names) => only(found, 'apiVersion', 'kind', ...names))
  }
  return { ...DEFAULT_ARGS, ...(args as Partial<PluginArgs>) }
}
