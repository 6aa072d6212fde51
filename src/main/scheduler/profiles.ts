// Profiles with their plugins, made from a configuration.
import type { ProfileConfiguration } from './config/configuration.ts'
import { DEFAULT_ARGS } from './config/plugin-args.ts'
import { choosePlugins } from './config/plugin-sets.ts'
import { DEFAULT_PLUGINS, DEFAULT_SCHEDULER, type ProfileParts } from './default-plugins.ts'
import { HELPERS_OF, type ExtensionPoint, type SchedulerPlugin } from './framework/plugin.ts'
import type { Profile, WeightedPlugin } from './framework/profile.ts'

/** The plugin with these extension points alone. */
function limited(plugin: SchedulerPlugin, points: ReadonlySet<ExtensionPoint>): SchedulerPlugin {
  const kept = new Set<string>(['name', 'requeueOn'])
  for (const point of points) for (const method of [point, ...HELPERS_OF[point]]) kept.add(method)
  if (points.has('score')) for (const point of plugin.forScore ?? []) kept.add(point)
  return Object.fromEntries(Object.entries(plugin).filter(([key]) => kept.has(key))) as unknown as SchedulerPlugin
}

export function makeProfile(parts: ProfileParts, given: ProfileConfiguration): Profile {
  const profile: Profile = {
    schedulerName: given.schedulerName,
    percentageOfNodesToScore: given.percentageOfNodesToScore,
    extendersChoose: parts.extendersChoose ?? false,
    plugins: [
      ...(parts.binders ?? []).map(plugin => ({ plugin, weight: 0 })),
      ...given.plugins.flatMap(({ name, weight, points }): WeightedPlugin[] => {
        const made = DEFAULT_PLUGINS.find(plugin => plugin.name === name)?.make(parts, given.args, () => profile)
        return made ? [{ plugin: points ? limited(made, points) : made, weight }] : []
      }),
    ],
  }
  return profile
}

/** Upstream's, for the pods of `default-scheduler`. */
export const defaultProfile = (parts: ProfileParts): Profile =>
  makeProfile(parts, {
    schedulerName: DEFAULT_SCHEDULER,
    plugins: choosePlugins(undefined),
    args: DEFAULT_ARGS,
    percentageOfNodesToScore: 0,
  })
