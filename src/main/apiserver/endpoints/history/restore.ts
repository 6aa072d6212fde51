// `POST …/revisions/<name>/restore` brings an object back to what it was, with the caller's own rights;
// `GET …/revisions/<name>/diff[?against=<revision>]` tells what changed.
import type { ObjectMeta } from '../../../../shared/api/meta/v1.ts'
import { setField } from '../../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../../shared/machinery/resource-type.ts'
import { badRequest, notFound } from '../../../../shared/machinery/status.ts'
import type { HistoryLog } from '../../../store/history/contract.ts'
import { CLEANUP } from '../../apiextensions/conditions.ts'
import { HISTORY_GROUP } from '../../registry/history/object-revision.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'
import { writeOptionsOf } from '../write/write-options.ts'
import { changesBetween } from './changes.ts'
import { objectAt, requireRight, subjectOf } from './subject.ts'

type Meta = ObjectMeta & Record<string, unknown>

/** What a restored object takes over of its metadata; everything else the server gives anew. */
const KEPT = ['name', 'namespace', 'labels', 'annotations'] as const

/** What deletions put on objects: on one that is back it would steer the next one. */
const OF_DELETIONS = new Set(['orphan', 'foregroundDeletion', CLEANUP])

function kept(metadata: Meta): Meta {
  return Object.fromEntries(KEPT.flatMap(key => (metadata[key] === undefined ? [] : [[key, metadata[key]]]))) as Meta
}

/** An owner that is gone, or another one of the same name, would have the garbage collector delete the object at once. */
function livingOwners({ ownerReferences = [], namespace = '' }: Meta, context: EndpointContext) {
  return ownerReferences.filter(({ apiVersion, kind, name, uid }) => {
    const [version = '', group = ''] = apiVersion.split('/').reverse()
    const resource = context.resources.byKind(group, version, kind)
    const owner = resource && context.find(resource, { namespace: resource.type.namespaced ? namespace : '', name })
    return owner?.object.metadata.uid === uid
  })
}

function asNew(object: AnyObject, context: EndpointContext): AnyObject {
  const { status: _status, metadata, ...rest } = object
  const owners = livingOwners(metadata as Meta, context)
  const finalizers = (metadata.finalizers ?? []).filter(each => !OF_DELETIONS.has(each))
  return {
    ...rest,
    metadata: {
      ...kept(metadata as Meta),
      ...(finalizers.length > 0 ? { finalizers } : {}),
      ...(owners.length > 0 ? { ownerReferences: owners } : {}),
    },
  } as AnyObject
}

/** Puts the content back in place; identity and what was observed stay. */
function putBack(copy: AnyObject, then: AnyObject): void {
  const target = copy as Record<string, unknown>
  for (const key of Object.keys(copy))
    if (!['kind', 'apiVersion', 'metadata', 'status'].includes(key) && !Object.hasOwn(then, key)) delete target[key]
  const { kind: _kind, apiVersion: _apiVersion, metadata, status: _status, ...content } = then
  for (const key of Object.keys(content)) setField(target, key, content[key])
  const meta = copy.metadata as Meta
  for (const key of ['labels', 'annotations'] as const) {
    const value = (metadata as Meta)[key]
    if (value === undefined) delete meta[key]
    else Object.assign(meta, { [key]: value })
  }
}

export function restoreHandler(of: ResourceDescriptor, history: HistoryLog): SubresourceHandler {
  const { version, plural, namespaced } = of.type
  return {
    group: HISTORY_GROUP,
    version,
    resource: plural,
    subresource: 'restore',
    namespaced,
    kind: { group: HISTORY_GROUP, version, kind: of.type.kind },
    methods: { POST: 'create' },
    async handle(request, context) {
      const options = writeOptionsOf(request, 'CreateOptions')
      const { subject, revision } = subjectOf(request, of, context)
      requireRight(request, subject, 'get', context)
      const there = context.find(subject.resource, subject)
      requireRight(request, subject, there ? 'update' : 'create', context)
      const then = await objectAt(history, subject, revision, () => notFound(of.type, request.info.name))
      if (!there) {
        const object = asNew(then, context)
        return { code: 201, object: await context.create(subject.resource, subject.namespace, object, options) }
      }
      const change = (copy: AnyObject) => putBack(copy, then)
      return {
        code: 200,
        object: await context.change(subject.resource, subject, change, { ...options, strategy: 'main' }),
      }
    },
  }
}

/** What history is about: the object without what the server tells. */
function comparable(object: AnyObject): object {
  const { status: _status, metadata, ...rest } = object
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...meta } = metadata
  return { ...rest, metadata: meta }
}

export function diffHandler(of: ResourceDescriptor, history: HistoryLog): SubresourceHandler {
  const { version, plural, namespaced } = of.type
  return {
    group: HISTORY_GROUP,
    version,
    resource: plural,
    subresource: 'diff',
    namespaced,
    kind: { group: HISTORY_GROUP, version, kind: 'ObjectDiff' },
    methods: { GET: 'get' },
    async handle(request, context) {
      const { subject, revision } = subjectOf(request, of, context)
      requireRight(request, subject, 'get', context)
      const missing = () => notFound(of.type, request.info.name)
      const against = await otherRevision(request.query.get('against'), revision)
      const [before, after] = await Promise.all([
        against === undefined ? undefined : objectAt(history, subject, against, missing),
        objectAt(history, subject, revision, missing),
      ])
      const changes = changesBetween(before ? comparable(before) : {}, comparable(after))
      return {
        code: 200,
        object: {
          kind: 'ObjectDiff',
          apiVersion: apiVersionOf(of.type),
          metadata: {},
          ...(against === undefined ? {} : { from: String(against) }),
          to: String(revision),
          changes,
        },
      }

      /** The one before, unless another was named. */
      async function otherRevision(asked: string | null, than: number): Promise<number | undefined> {
        if (asked !== null && !/^\d+$/.test(asked)) throw badRequest('against wants a revision of the object')
        if (asked !== null) return Number(asked)
        return (await history.items(subject.key)).filter(item => item.revision < than).at(-1)?.revision
      }
    },
  }
}
