// Which plugins a profile runs, at which extension points and with which weights: upstream's defaults, changed by
// `multiPoint` and then by each extension point.
import type { PluginName } from '../default-plugins.ts'
import { DEFAULT_PLUGINS } from '../default-plugins.ts'
import type { ExtensionPoint } from '../framework/plugin.ts'
import { EXTENSION_POINTS } from '../framework/plugin.ts'
import { type Section, integer, neededText, only, section, sections } from './fields.ts'

export interface ChosenPlugin {
  readonly name: PluginName
  readonly weight: number
  /** Undefined = all that it has. */
  readonly points?: ReadonlySet<ExtensionPoint>
}

interface Choice {
  readonly enabled: readonly { readonly name: PluginName; readonly weight: number }[]
  /** Names, or `*`. */
  readonly disabled: ReadonlySet<string>
}

/** Sorts every profile's queue; there is no other. */
const QUEUE_SORT = 'PrioritySort'
const ALL = '*'

const isPlugin = (name: string): name is PluginName => DEFAULT_PLUGINS.some(plugin => plugin.name === name)

function readChoice(given: Section, point: string): Choice {
  only(given, 'enabled', 'disabled')
  const enabled = sections(given, 'enabled').flatMap(entry => {
    only(entry, 'name', 'weight')
    const name = neededText(entry, 'name')
    const weight = integer(entry, 'weight', 0, 2 ** 31 - 1) ?? 0
    if (name === QUEUE_SORT && (point === 'queueSort' || point === 'multiPoint')) return []
    if (!isPlugin(name)) throw new Error(`${entry.path}.name: there is no plugin "${name}"`)
    return [{ name, weight }]
  })
  const disabled = sections(given, 'disabled').map(entry => {
    only(entry, 'name', 'weight')
    const name = neededText(entry, 'name')
    if (name !== ALL && name !== QUEUE_SORT && !isPlugin(name))
      throw new Error(`${entry.path}.name: there is no plugin "${name}"`)
    return name
  })
  const seen = new Set<string>()
  for (const { name } of enabled) {
    if (seen.has(name)) throw new Error(`${given.path}.enabled names "${name}" twice`)
    seen.add(name)
  }
  return { enabled, disabled: new Set(disabled) }
}

const drops = ({ disabled }: Choice, name: string) => disabled.has(ALL) || disabled.has(name)
const defaultWeight = (wanted: PluginName) => DEFAULT_PLUGINS.find(({ name }) => name === wanted)?.weight ?? 1

/** @param given `plugins` of a profile @throws Error with the path of what is wrong */
export function choosePlugins(given: Section | undefined): ChosenPlugin[] {
  if (!given) return DEFAULT_PLUGINS.map(({ name, weight }) => ({ name, weight }))
  only(given, 'multiPoint', 'queueSort', ...EXTENSION_POINTS)
  const choice = (point: string): Choice => {
    const found = section(given, point)
    return found ? readChoice(found, point) : { enabled: [], disabled: new Set() }
  }
  const sort = choice('queueSort')
  if (drops(sort, QUEUE_SORT) && section(given, 'queueSort')?.value['enabled'] === undefined)
    throw new Error(`${given.path}.queueSort: only ${QUEUE_SORT} sorts the queue`)
  const multi = choice('multiPoint')
  const chosen = new Map<PluginName, { weight: number; points: Set<ExtensionPoint> }>()
  for (const { name, weight } of DEFAULT_PLUGINS)
    if (!drops(multi, name)) chosen.set(name, { weight, points: new Set(EXTENSION_POINTS) })
  for (const { name, weight } of multi.enabled)
    chosen.set(name, { weight: weight || defaultWeight(name) || 1, points: new Set(EXTENSION_POINTS) })
  for (const point of EXTENSION_POINTS) {
    const { enabled, disabled } = choice(point)
    for (const [name, { points }] of chosen) if (disabled.has(ALL) || disabled.has(name)) points.delete(point)
    for (const { name, weight } of enabled) {
      const known = chosen.get(name) ?? { weight: defaultWeight(name) || 1, points: new Set<ExtensionPoint>() }
      known.points.add(point)
      chosen.set(name, point === 'score' && weight > 0 ? { ...known, weight } : known)
    }
  }
  return [...chosen].flatMap(([name, { weight, points }]) =>
    points.size === 0 ? [] : [{ name, weight, ...(points.size < EXTENSION_POINTS.length ? { points } : {}) }],
  )
}
