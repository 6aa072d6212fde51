// A runtime whose answers are timed.
import type { WorkTimes } from '../stats/work-times.ts'
import type { ContainerRuntime } from './contract.ts'

/** What each question is called upstream. Streams, whose end is not the runtime's affair, are timed until they begin. */
const TYPES: Readonly<Partial<Record<keyof ContainerRuntime, string>>> = {
  version: 'version',
  pods: 'list_podsandbox',
  outlines: 'list_containers',
  pod: 'podsandbox_status',
  createSandbox: 'run_podsandbox',
  createContainer: 'create_container',
  start: 'start_container',
  update: 'update_container',
  container: 'container_status',
  stop: 'stop_container',
  kill: 'stop_container',
  remove: 'remove_container',
  findImage: 'image_status',
  images: 'list_images',
  pullImage: 'pull_image',
  removeImage: 'remove_image',
  exec: 'exec',
  attach: 'attach',
  stats: 'container_stats',
}

/** @returns the same runtime, by way of `times` */
export function timedRuntime<T extends ContainerRuntime>(runtime: T, times: WorkTimes): T {
  const timed = new Map<string | symbol, unknown>()
  return new Proxy(runtime, {
    get(target, name) {
      const known = timed.get(name)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      // Private fields are the runtime's alone.
      const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>
      const type = typeof name === 'string' ? TYPES[name as keyof ContainerRuntime] : undefined
      const called = type === undefined ? method : (...args: unknown[]) => times.operation(type, () => method(...args))
      timed.set(name, called)
      return called
    },
  })
}
