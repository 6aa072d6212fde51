// What manifests hold. Some are megabytes, of which each takes a good part of a second to read: the window has its turns
// meanwhile.
import { type ShallowRef, shallowRef } from 'vue'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { objectsIn } from '../api/yaml-text.ts'

type Objects = readonly AnyObject[]

/** Half of a frame. */
const LONGEST_MS = 8
const pause = () => new Promise<void>(resolve => setTimeout(resolve))

async function read(manifest: string, objects: ShallowRef<Objects | undefined>): Promise<void> {
  const found: AnyObject[] = []
  let since = performance.now()
  try {
    for (const object of objectsIn(manifest)) {
      found.push(object)
      if (performance.now() - since < LONGEST_MS) continue
      await pause()
      since = performance.now()
    }
    objects.value = found
  } catch {
    objects.value = []
  }
}

/** What is shown of a release, what would follow it, and which rights it takes, ask the same few again and again. */
const MOST_KEPT = 16
const kept = new Map<string, ShallowRef<Objects | undefined>>()

/** @returns undefined while it is read, which is told; none of a text that cannot be read: helm tells why */
export function objectsOf(manifest = ''): Objects | undefined {
  const objects = kept.get(manifest) ?? shallowRef<Objects>()
  const isNew = !kept.delete(manifest)
  kept.set(manifest, objects)
  const [longestUnasked] = kept.keys()
  if (kept.size > MOST_KEPT && longestUnasked !== undefined) kept.delete(longestUnasked)
  if (isNew) void read(manifest, objects)
  return objects.value
}
