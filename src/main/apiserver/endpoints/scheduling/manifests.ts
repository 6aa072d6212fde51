// Manifests of a question, as they would be stored if they were applied by whoever asks: a dry run of each.
import type { WhatIfStatus } from '../../../../shared/api/flotilla/scheduling-v1.ts'
import type { Client } from '../../../../shared/client/client.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { ApiError } from '../../../../shared/machinery/status.ts'
import type { Applied } from '../../../scheduler/what-if/changes.ts'
import type { EndpointContext } from '../contract.ts'

export interface Manifests {
  readonly applied: Applied[]
  readonly problems: NonNullable<WhatIfStatus['problems']>
}

const MANAGER = 'flotilla-what-if'

function asObject(value: unknown): AnyObject | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('apiVersion' in value)) return undefined
  const { kind, apiVersion, metadata } = value as Partial<Record<string, unknown>>
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return undefined
  return typeof metadata === 'object' && metadata !== null ? (value as AnyObject) : undefined
}

export async function readManifests(
  manifests: readonly object[],
  context: EndpointContext,
  client: Client,
): Promise<Manifests> {
  const found: Manifests = { applied: [], problems: [] }
  for (const [i, manifest] of manifests.entries()) {
    const given = asObject(manifest)
    if (!given) {
      found.problems.push({ object: `apply[${i}]`, message: 'apiVersion, kind and metadata are needed' })
      continue
    }
    try {
      found.applied.push(await dryRun(given, context, client))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      found.problems.push({ object: `${given.kind} ${given.metadata.name}`, message: error.message })
    }
  }
  return found
}

async function dryRun(given: AnyObject, context: EndpointContext, client: Client): Promise<Applied> {
  const [version = '', group = ''] = given.apiVersion.split('/').reverse()
  const resource = context.resources.byKind(group, version, given.kind)
  if (!resource || resource.virtual)
    throw new ApiError(404, 'NotFound', `no matches for kind "${given.kind}" in version "${given.apiVersion}"`)
  const { type } = resource
  const { name } = given.metadata
  const namespace = type.namespaced ? String(given.metadata.namespace ?? 'default') : ''
  const metadata = { ...given.metadata, ...(namespace ? { namespace } : {}) }
  const draft = { ...given, metadata }
  if (!name) return { given, old: undefined, object: await client.create(type, draft, { dryRun: true }) }
  const object = await client.patch(type, { ...(namespace ? { namespace } : {}), name }, draft, {
    type: 'apply',
    dryRun: true,
    force: true,
    fieldManager: MANAGER,
  })
  return { given, object, old: context.find(resource, { namespace, name })?.object }
}
