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
}

/** A plugin that surely has the extension point `K`. */
export type With<K extends keyof SchedulerPlugin> = SchedulerPlugin & Required<Pick<SchedulerPlugin, K>>

/** @returns the profile's plugins that implement an extension point, in order */
export const having = <K extends keyof SchedulerPlugin>(profile: Profile, point: K): With<K>[] =>
  profile.plugins.map(({ plugin }) => plugin).filter((plugin): plugin is With<K> => plugin[point] !== undefined)
