// Reads releases when they are looked at, each revision once: it never changes but for its status.
import { type ShallowRef, computed, onScopeDispose, shallowRef, watch } from 'vue'
import { Secret } from '../../shared/api/core/v1.ts'
import { connection } from '../api/connection.ts'
import { useMetadataList } from '../composables/use-resource-list.ts'
import {
  type Release,
  RELEASES,
  type ReleaseHistory,
  type ReleaseRevision,
  decodeRelease,
  releaseHistories,
} from './release.ts'

const keyOf = ({ uid, status }: ReleaseRevision) => `${uid}/${status}`

const cache = new Map<string, Promise<Release>>()
const MOST_CACHED = 200

/** @throws ApiError when it may not be read, Error when it is no release */
export function readRelease(revision: ReleaseRevision): Promise<Release> {
  const key = keyOf(revision)
  const known = cache.get(key)
  if (known) return known
  const reading = connection.client
    .get(Secret, { namespace: revision.namespace, name: revision.secret })
    .then(({ data }) => decodeRelease(data?.['release'] ?? ''))
  cache.set(key, reading)
  const [oldest] = cache.keys()
  if (cache.size > MOST_CACHED && oldest !== undefined) cache.delete(oldest)
  reading.catch(() => cache.delete(key))
  return reading
}

export interface ListedRelease extends ReleaseHistory {
  /** Of the newest revision; undefined until it is read, or when it cannot be. */
  readonly release: Release | undefined
  /** Why it cannot be read. */
  readonly problem: string | undefined
}

export function useReleases() {
  const { rows, state, error } = useMetadataList(Secret, RELEASES)
  const histories = computed(() => releaseHistories(rows.value.map(({ object }) => object)))
  const read: ShallowRef<ReadonlyMap<string, Release | Error>> = shallowRef(new Map())
  let isGone = false
  onScopeDispose(() => (isGone = true))
  watch(
    histories,
    async found => {
      for (const { newest } of found) {
        const key = keyOf(newest)
        if (isGone || read.value.has(key)) continue
        // One that cannot be read is listed by its labels.
        const release = await readRelease(newest).catch((failure: unknown) =>
          failure instanceof Error ? failure : new Error(String(failure)),
        )
        read.value = new Map([...read.value, [key, release]])
      }
    },
    { immediate: true },
  )
  const releases = computed<readonly ListedRelease[]>(() =>
    histories.value.map(history => {
      const found = read.value.get(keyOf(history.newest))
      return found instanceof Error
        ? { ...history, release: undefined, problem: found.message }
        : { ...history, release: found, problem: undefined }
    }),
  )
  return { releases, state, error }
}
