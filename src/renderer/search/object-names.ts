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

interface Page {
  readonly metadata: { readonly continue?: string }
  readonly items: readonly KubeObject[]
}

export const searchable = (kinds: readonly ServedKind[]): ResourceType<KubeObject>[] =>
  kinds
    .map(({ type }) => type as ResourceType<KubeObject>)
    .filter(({ kind, group }) => !LEFT_OUT.has(kind) && !LEFT_OUT_GROUPS.has(group))

/**
 * One page after the other, so that the cluster is asked little and the page stays quick.
 * @param onPage names of one more page; a kind that cannot be read has none
 */
export async function readNames(
  transport: Transport,
  types: readonly ResourceType<KubeObject>[],
  onPage: (names: readonly NamedObject[]) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const type of types) {
    if (signal.aborted) return
    let next: string | undefined
    do {
      const query = { limit: String(PAGE), continue: next }
      const request = { method: 'GET', path: collectionPath(type, undefined), query, signal } as const
      const page = (await transport.request(request).catch(() => undefined)) as Page | undefined
      if (signal.aborted) return
      if (page?.items.length) onPage(page.items.map(({ metadata: { namespace, name } }) => ({ type, namespace, name })))
      next = page?.metadata.continue || undefined
    } while (next !== undefined && !signal.aborted)
  }
}

/** 0 = the whole name, 1 = its beginning, 2 = somewhere in it; undefined = not at all. */
export function nameRank(name: string, query: string): number | undefined {
  if (name === query) return 0
  if (name.startsWith(query)) return 1
  return name.includes(query) ? 2 : undefined
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
