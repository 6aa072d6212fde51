// GET of a collection: one page, at one revision.
import type { ListMeta } from '../../../shared/api/meta/v1.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import { StoreError, type Stored } from '../../store/contract.ts'
import { prefixOf, prepareViews, viewOf } from '../keys.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'
import type { ApiRequest } from '../request.ts'
import type { Endpoint, EndpointParts } from './parts.ts'
import { decodeContinue, encodeContinue } from './read/continue-token.ts'
import { filterInSlices } from './read/filter.ts'
import { type ListOptions, parseListOptions } from './read/list-options.ts'
import { type Selection, selectionOf } from './read/selection.ts'
import { untilReached } from './read/until-reached.ts'

const INCONSISTENT =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.'

export interface Page {
  readonly metadata: ListMeta
  readonly items: readonly Stored[]
}

/** The revision that the page must show: a continuation's, or the exact one asked for. Undefined = the newest. */
function pinnedRevision(options: ListOptions, tokenRevision: number | undefined): number | undefined {
  if (tokenRevision !== undefined) return tokenRevision === 0 ? undefined : tokenRevision
  if (options.match === 'Exact') return options.revision
  // Without resourceVersionMatch a limited list at a version is exact; that is the legacy rule.
  if (options.match === '' && options.limit > 0) return options.revision
  return undefined
}

/** @throws ApiError 400, 410, 504 */
export async function listPage(
  resource: ResourceDescriptor,
  namespace: string,
  options: ListOptions,
  selection: Selection,
  parts: Pick<EndpointParts, 'store' | 'clock'>,
  asking: Pick<ApiRequest, 'signal'>,
): Promise<Page> {
  const { store } = parts
  const token = options.continue === '' ? undefined : decodeContinue(options.continue)
  if (options.resourceVersion !== '0') await store.fresh(asking)
  await untilReached(options.revision, parts, asking)
  // Whoever takes any version gets it whole.
  const limit = options.resourceVersion === '0' ? 0 : options.limit
  const prefix = prefixOf(resource, namespace)
  const revision = pinnedRevision(options, token?.revision)
  const { matches } = selection
  try {
    // What is shown in another version than it is stored in may have its fields elsewhere.
    const trigger = resource.fromStorage || resource.conversion ? undefined : selection.trigger
    const found = store.list(prefix, {
      ...(revision === undefined ? {} : { revision }),
      ...(trigger ? { trigger } : {}),
      ...(token ? { after: prefix + token.after } : {}),
      ...(limit > 0 && !matches ? { limit } : {}),
    })
    // What a filter looks at has to be in the version that was asked for.
    await prepareViews(resource, found.items)
    const page = matches
      ? await filterInSlices(found.items, stored => matches(viewOf(resource, stored)), limit)
      : { items: found.items, more: found.more }
    const last = page.items.at(-1)
    return {
      items: page.items,
      metadata: {
        resourceVersion: String(found.revision),
        ...(page.more && last
          ? { continue: encodeContinue({ revision: found.revision, after: last.key.slice(prefix.length) }) }
          : {}),
        ...(page.more && !matches && found.remaining !== undefined ? { remainingItemCount: found.remaining } : {}),
      },
    }
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'Compacted') throw error
    if (!token) throw new ApiError(410, 'Expired', `The resourceVersion for the provided list is too old.`)
    const expired = new ApiError(410, 'Expired', INCONSISTENT)
    expired.status.metadata = { continue: encodeContinue({ revision: 0, after: token.after }) }
    throw expired
  }
}

/** The namespace whose keys can match: the URL's, or the one that the field selector names. */
export const scopeOf = (request: ApiRequest, selection: Selection): string =>
  request.info.namespace || (selection.namespace ?? '')

export const list: Endpoint = async (request, resource, parts) => {
  const options = parseListOptions(request.query, false)
  const selection = selectionOf(resource, options.labelSelector, options.fieldSelector)
  const representation = parts.represent(request, resource)
  const namespace = resource.type.namespaced ? scopeOf(request, selection) : ''
  const page = await listPage(resource, namespace, options, selection, parts, request)
  return {
    code: 200,
    // In process the value is used as it is; over HTTP the slices are, so the value is only made when asked for.
    get object() {
      return representation.list(page)
    },
    json: () => representation.json(page),
    contentType: representation.contentType,
  }
}
