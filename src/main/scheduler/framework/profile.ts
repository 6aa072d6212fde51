// A profile: which plugins a schedulerName runs, in which order, with which weights.
import type { SchedulerPlugin } from './plugin.ts'

export interface WeightedPlugin {
  readonly plugin: SchedulerPlugin
  /** Of its score; plugins without a score ignore it. */
  readonly weight: number
}

export interface Profile {
  readonly schedulerName: string
  readonly plugins: readonly WeightedPlugin[]
  /** Part of the nodes to look at, in percent; 0 = adaptive as upstream. */
  readonly percentageOfNodesToScore?: number
  /** Extenders rule nodes out or score them: they are given a choice. */
  readonly extendersChoose?: boolean
}

/** A plugin that surely has the extension point `K`. */
export type With<K extends keyof SchedulerPlugin> = SchedulerPlugin & Required<Pick<SchedulerPlugin, K>>

const found = new WeakMap<Profile, Map<keyof SchedulerPlugin, readonly SchedulerPlugin[]>>()

/** @returns the profile's plugins that implement an extension point, in order; found once per profile */
export function having<K extends keyof SchedulerPlugin>(profile: Profile, point: K): readonly With<K>[] {
  let points = found.get(profile)
  if (!points) found.set(profile, (points = new Map()))
  let plugins = points.get(point)
  if (!plugins) {
    plugins = profile.plugins.map(({ plugin }) => plugin).filter(plugin => plugin[point] !== undefined)
    points.set(point, plugins)
  }
  return plugins as readonly With<K>[]
}

/** @returns the weight of the plugin's score */
export const weightOf = ({ plugins }: Profile, wanted: SchedulerPlugin): number =>
  plugins.find(({ plugin }) => plugin === wanted)?.weight ?? 0
