// Names of the objects of every kind, read in pages and without anything else of them: what the palette searches.
import type { KubeObject } from '../../shared/machinery/object.ts'
import { collectionPath, type ResourceType } from '../../shared/machinery/resource-type.ts'
import type { Transport } from '../../shared/client/transport.ts'
import type { ServedKind } from '../api/discovery.ts'

export interface NamedObject {
  readonly type: ResourceType<KubeObject>
  readonly namespace: string | undefined
  readonly name: string
}

/** What nobody looks for by its name: it is named after something else, and there is much of it. */
const LEFT_OUT = new Set(['Event', 'EndpointSlice', 'Endpoints', 'ControllerRevision', 'Lease', 'ComponentStatus'])
const LEFT_OUT_GROUPS = new Set(['history.flotilla.dev', 'metrics.k8s.io', 'usage.flotilla.dev'])
const PAGE = 500
/** A browser has six connections to a server, where it has no more. */
const AT_ONCE = 4
/** Kinds of another server that is away may not answer for a minute each, and there may be many of them. */
const LATEST_MS = 10_000

interface Page {
  readonly metadata: { readonly continue?: string }
  /** Null is how Go writes an empty list. */
  readonly items: readonly KubeObject[] | null
}

export const searchable = (kinds: readonly ServedKind[]): ResourceType<KubeObject>[] =>
  kinds
    .map(({ type }) => type as ResourceType<KubeObject>)
    .filter(({ kind, group }) => !LEFT_OUT.has(kind) && !LEFT_OUT_GROUPS.has(group))

/**
 * A few kinds beside each other, of each one page after the other: the cluster is asked little, the page stays quick, and
 * a kind that does not answer holds no other back for long.
 * @param onPage names of one more page; a kind that cannot be read has none
 * @param latestMs within which a page is to be there
 */
export async function readNames(
  transport: Transport,
  types: readonly ResourceType<KubeObject>[],
  onPage: (names: readonly NamedObject[]) => void,
  signal: AbortSignal,
  latestMs = LATEST_MS,
): Promise<void> {
  const left = types.values()
  const readOn = async () => {
    for (const type of left) {
      let next: string | undefined
      do {
        if (signal.aborted) return
        const query = { limit: String(PAGE), continue: next }
        const answered = AbortSignal.any([signal, AbortSignal.timeout(latestMs)])
        const request = { method: 'GET', path: collectionPath(type, undefined), query, signal: answered } as const
        const page = (await transport.request(request).catch(() => undefined)) as Page | undefined
        if (signal.aborted) return
        if (page?.items?.length)
          onPage(page.items.map(({ metadata: { namespace, name } }) => ({ type, namespace, name })))
        next = page?.metadata.continue || undefined
      } while (next !== undefined)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, readOn))
}

/** @returns 0 = the whole name, 1 = its beginning, 2 = somewhere in it; undefined = not at all. @param query lower case */
export function nameRank(name: string, query: string): number | undefined {
  const own = name.toLowerCase()
  if (own === query) return 0
  if (own.startsWith(query)) return 1
  return own.includes(query) ? 2 : undefined
}

/** @returns at most `most`: whole names first, then beginnings, then the rest; of each the shortest names first */
export function bestMatches(
  names: readonly NamedObject[],
  query: string,
  most: number,
): { readonly object: NamedObject; readonly rank: number }[] {
  const found = names.flatMap(object => {
    const rank = nameRank(object.name, query)
    return rank === undefined ? [] : [{ object, rank }]
  })
  return found.sort((a, b) => a.rank - b.rank || a.object.name.length - b.object.name.length).slice(0, most)
}
