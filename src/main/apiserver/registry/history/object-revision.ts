// ObjectRevisions: what an object was at a revision of the store. Answered from the history, never stored themselves.
import type { JSONSchemaProps } from '../../../../shared/api/apiextensions/v1.ts'
import type { AnyObject, KubeObject } from '../../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../../shared/machinery/resource-type.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { type CustomSchema, defineResource, type ResourceDescriptor } from '../resource.ts'

export const HISTORY_GROUP = 'history.flotilla.dev'

export interface RevisionOf {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Plural, as in the URL. */
  readonly resource: string
  readonly namespace?: string
  readonly name: string
  readonly uid?: string
}

export interface ObjectRevision extends KubeObject {
  readonly of: RevisionOf
  /** The store's revision: the object's resourceVersion then. */
  readonly revision: string
  readonly action: 'Created' | 'Updated' | 'Deleted'
  /** The object then; the last state when it was deleted. Left out of lists. */
  readonly object?: AnyObject
}

export const ObjectRevisionType: ResourceType<ObjectRevision> = {
  group: HISTORY_GROUP,
  version: 'v1',
  kind: 'ObjectRevision',
  plural: 'revisions',
  namespaced: true,
}
export const ClusterObjectRevisionType: ResourceType<ObjectRevision> = {
  ...ObjectRevisionType,
  kind: 'ClusterObjectRevision',
  plural: 'clusterrevisions',
  namespaced: false,
}

const string = (description: string): JSONSchemaProps => ({ type: 'string', description })

const openapi: JSONSchemaProps = {
  type: 'object',
  description: 'What an object was at a revision of the store.',
  properties: {
    revision: string("The store's revision: the object's resourceVersion then."),
    action: string('Created, Updated or Deleted.'),
    of: {
      type: 'object',
      description: 'The object.',
      properties: {
        group: string('Its API group; empty for the core group.'),
        version: string('Its API version.'),
        kind: string('Its kind.'),
        resource: string('The plural of its kind.'),
        namespace: string('Its namespace.'),
        name: string('Its name.'),
        uid: string('Its uid.'),
      },
    },
    object: {
      type: 'object',
      description: 'The object then; the last state when it was deleted. Left out of lists.',
      'x-kubernetes-preserve-unknown-fields': true,
    },
  },
}

const custom: CustomSchema = {
  fact: { t: 'any' },
  openapi,
  *decode(value) {
    yield
    return { object: value as AnyObject, unknown: [], errors: [] }
  },
}

const define = (type: ResourceType<ObjectRevision>, shortName: string): ResourceDescriptor =>
  defineResource<ObjectRevision>({
    type,
    schema: `custom:dev.flotilla.history.v1.${type.kind}`,
    custom,
    singular: type.plural.slice(0, -1),
    shortNames: [shortName],
    verbs: ['deletecollection', 'get', 'list'],
    virtual: true,
    columns: [
      nameColumn,
      text('Action', 'What happened.', ({ action }) => action),
      text('Revision', 'Its resourceVersion then.', ({ revision }) => revision),
      ageColumn,
    ],
  })

export const objectRevisions = define(ObjectRevisionType, 'rev')
export const clusterObjectRevisions = define(ClusterObjectRevisionType, 'crev')
