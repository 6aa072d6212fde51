// Reads and erases the history: `GET …/revisions[/<name>]`, `DELETE …/revisions`.
import { badRequest, notFound } from '../../../../shared/machinery/status.ts'
import { parseFieldSelector } from '../../../../shared/machinery/selectors.ts'
import { apiVersionOf, groupResourceOf } from '../../../../shared/machinery/resource-type.ts'
import type { ListMeta } from '../../../../shared/api/meta/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { HistoryLog } from '../../../store/history/contract.ts'
import { HISTORY_GROUP, type ObjectRevision } from '../../registry/history/object-revision.ts'
import { listKindOf, type ResourceDescriptor } from '../../registry/resource.ts'
import { negotiate } from '../../representation/negotiate.ts'
import { tableRepresentation } from '../../representation/table.ts'
import type { ApiRequest, ApiResponse } from '../../request.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'
import { attributesFor, objectAt, requireRight, revisionsOf, type Subject, subjectOf } from './subject.ts'

/** What a list or an erasure is about; undefined = all. */
interface Wanted {
  /** `deployments.apps` */
  readonly resource: string | undefined
  readonly kind: string | undefined
  readonly name: string | undefined
}

const FIELDS = { 'of.resource': 'resource', 'of.kind': 'kind', 'of.name': 'name' } as const

/** @throws ApiError 400 */
function wantedBy(request: ApiRequest): Wanted {
  const wanted: Record<keyof Wanted, string | undefined> = { resource: undefined, kind: undefined, name: undefined }
  for (const { field, op, value } of parseFieldSelector(request.query.get('fieldSelector') ?? '')) {
    if (!Object.hasOwn(FIELDS, field) || op === '!=')
      throw badRequest(`field selectors of revisions are ${Object.keys(FIELDS).join(', ')}, each with =`)
    wanted[FIELDS[field as keyof typeof FIELDS]] = value
  }
  return wanted
}

/** Objects with a history that the request is about, in the order of their keys. */
async function subjects(
  request: ApiRequest,
  of: ResourceDescriptor,
  history: HistoryLog,
  context: EndpointContext,
): Promise<Subject[]> {
  const { namespace } = request.info
  const wanted = wantedBy(request)
  const byStorage = new Map(
    context.resources.all
      .filter(({ type, virtual }) => !virtual && type.namespaced === of.type.namespaced)
      .map(resource => [resource.storage, resource]),
  )
  return (await history.keys('/registry/')).flatMap(key => {
    const [, , group = '', plural = '', ...rest] = key.split('/')
    const resource = byStorage.get(`${group}/${plural}`)
    const [lies, name] = of.type.namespaced ? rest : ['', ...rest]
    if (!resource || lies === undefined || name === undefined || (namespace !== '' && lies !== namespace)) return []
    if (wanted.name !== undefined && wanted.name !== name) return []
    if (wanted.kind !== undefined && wanted.kind !== resource.type.kind) return []
    if (wanted.resource !== undefined && wanted.resource !== groupResourceOf(resource.type)) return []
    return [{ resource, namespace: lies, name, key }]
  })
}

async function list(request: ApiRequest, of: ResourceDescriptor, history: HistoryLog, context: EndpointContext) {
  const items: ObjectRevision[] = []
  for (const subject of await subjects(request, of, history, context)) {
    if (context.authorize(attributesFor(request, subject, 'get')).decision !== 'allow') continue
    items.push(...revisionsOf(subject, await history.items(subject.key), of.type))
  }
  const metadata = { resourceVersion: String(context.store.revision) }
  if (negotiate(request.headers.accept, ['json', 'yaml']).shape === 'table')
    return { code: 200, object: tableOf(items, metadata, of, context) }
  return { code: 200, object: { kind: listKindOf(of), apiVersion: apiVersionOf(of.type), metadata, items } }
}

const tableOf = (
  items: readonly ObjectRevision[],
  metadata: ListMeta,
  of: ResourceDescriptor,
  { clock }: EndpointContext,
): unknown =>
  tableRepresentation(of, 'Metadata', clock).list({
    metadata,
    items: items.map(item => ({ key: '', object: item as unknown as AnyObject, revision: 0, createRevision: 0 })),
  })

async function get(request: ApiRequest, of: ResourceDescriptor, history: HistoryLog, context: EndpointContext) {
  const { subject, revision } = subjectOf(request, of, context)
  requireRight(request, subject, 'get', context)
  const missing = () => notFound(of.type, request.info.name)
  const found = revisionsOf(subject, await history.items(subject.key), of.type)
  const one = found.find(each => each.revision === String(revision))
  if (!one) throw missing()
  const object = await objectAt(history, subject, revision, missing)
  const whole: ObjectRevision = { ...one, of: { ...one.of, uid: object.metadata.uid }, object }
  if (negotiate(request.headers.accept, ['json', 'yaml']).shape === 'table')
    return { code: 200, object: tableOf([whole], {}, of, context) }
  return { code: 200, object: whole }
}

async function purge(
  request: ApiRequest,
  of: ResourceDescriptor,
  history: HistoryLog,
  context: EndpointContext,
): Promise<ApiResponse> {
  const keys = new Set((await subjects(request, of, history, context)).map(({ key }) => key))
  const objects = await history.purge(key => keys.has(key))
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 200 }
  return { code: 200, object: { ...status, message: `the history of ${objects} objects was erased` } }
}

/** @param of `objectRevisions` or `clusterObjectRevisions` */
export function revisionHandler(of: ResourceDescriptor, history: HistoryLog): SubresourceHandler {
  const { kind, version, plural, namespaced } = of.type
  return {
    group: HISTORY_GROUP,
    version,
    resource: plural,
    subresource: '',
    namespaced,
    kind: { group: HISTORY_GROUP, version, kind },
    methods: { GET: 'list', DELETE: 'deletecollection' },
    verbs: ['deletecollection', 'get', 'list'],
    async handle(request, context) {
      const { name, verb } = request.info
      if (request.method === 'DELETE') {
        if (name !== '') throw badRequest('single revisions cannot be erased; erase the history of the object')
        return purge(request, of, history, context)
      }
      if (verb === 'watch') throw badRequest('revisions cannot be watched; watch the objects')
      return name === '' ? list(request, of, history, context) : get(request, of, history, context)
    },
  }
}
