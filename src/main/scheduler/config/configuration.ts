// A KubeSchedulerConfiguration: profiles for several scheduler names, and how the queue waits.
// @see https://kubernetes.io/docs/reference/config-api/kube-scheduler-config.v1/
import { isObject } from '../../../shared/machinery/json-object.ts'
import { DEFAULT_SCHEDULER } from '../default-plugins.ts'
import { type Section, integer, only, section, sections, text } from './fields.ts'
import { type ExtenderConfiguration, readExtenders } from './extenders.ts'
import { type PluginArgs, readPluginArgs } from './plugin-args.ts'
import { type ChosenPlugin, choosePlugins } from './plugin-sets.ts'

const API_VERSION = 'kubescheduler.config.k8s.io/v1'
const KIND = 'KubeSchedulerConfiguration'

export interface ProfileConfiguration {
  readonly schedulerName: string
  readonly plugins: readonly ChosenPlugin[]
  readonly args: PluginArgs
  /** 0 = adaptive. */
  readonly percentageOfNodesToScore: number
}

export interface SchedulerConfiguration {
  readonly profiles: readonly ProfileConfiguration[]
  readonly podInitialBackoffMs: number
  readonly podMaxBackoffMs: number
  /** Asked in this order. */
  readonly extenders: readonly ExtenderConfiguration[]
}

/** Fields of kube-scheduler's own process: the control plane decides them here. */
const OF_THE_PROCESS = [
  'parallelism',
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
  'delayCacheUntilActive',
]

function readProfile(given: Section, percentage: number): ProfileConfiguration {
  only(given, 'schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig')
  const schedulerName = text(given, 'schedulerName') ?? DEFAULT_SCHEDULER
  if (schedulerName === '') throw new Error(`${given.path}.schedulerName is needed`)
  const plugins = choosePlugins(section(given, 'plugins'))
  const binds = plugins.some(({ name, points }) => name === 'DefaultBinder' && (points?.has('bind') ?? true))
  if (!binds) throw new Error(`${given.path}.plugins.bind: at least one bind plugin is needed: DefaultBinder`)
  return {
    schedulerName,
    plugins,
    args: readPluginArgs(sections(given, 'pluginConfig')),
    percentageOfNodesToScore: integer(given, 'percentageOfNodesToScore', 0, 100) ?? percentage,
  }
}

/** As upstream, what extenders manage alone takes the place of what the profile ignores. */
function ignoring(profile: ProfileConfiguration, extenders: readonly ExtenderConfiguration[]): ProfileConfiguration {
  const ignoredResources = extenders.flatMap(extender => extender.ignoredResources)
  if (ignoredResources.length === 0) return profile
  const { args } = profile
  return { ...profile, args: { ...args, NodeResourcesFit: { ...args.NodeResourcesFit, ignoredResources } } }
}

/** @param value the parsed file @throws Error with the path of what is wrong */
export function parseSchedulerConfiguration(value: unknown): SchedulerConfiguration {
  if (!isObject(value)) throw new Error(`a ${KIND} is wanted`)
  const given: Section = { path: '', value }
  if (value['apiVersion'] !== API_VERSION || value['kind'] !== KIND)
    throw new Error(`apiVersion ${API_VERSION} and kind ${KIND} are wanted`)
  const own = ['podInitialBackoffSeconds', 'podMaxBackoffSeconds', 'percentageOfNodesToScore', 'profiles']
  only(given, 'apiVersion', 'kind', 'extenders', ...own, ...OF_THE_PROCESS)
  const percentage = integer(given, 'percentageOfNodesToScore', 0, 100) ?? 0
  const extenders = readExtenders(sections(given, 'extenders'))
  const read = (profile: Section) => ignoring(readProfile(profile, percentage), extenders)
  const profiles = sections(given, 'profiles').map(read)
  if (profiles.length === 0) profiles.push(read({ path: 'profiles[0]', value: {} }))
  const names = new Set<string>()
  for (const [i, { schedulerName }] of profiles.entries()) {
    if (names.has(schedulerName))
      throw new Error(`profiles[${i}].schedulerName: another profile has the name "${schedulerName}"`)
    names.add(schedulerName)
  }
  const initial = integer(given, 'podInitialBackoffSeconds', 1, 3600) ?? 1
  const longest = integer(given, 'podMaxBackoffSeconds', 1, 86_400) ?? Math.max(10, initial)
  if (longest < initial) throw new Error('podMaxBackoffSeconds must not be less than podInitialBackoffSeconds')
  return { profiles, podInitialBackoffMs: initial * 1000, podMaxBackoffMs: longest * 1000, extenders }
}
