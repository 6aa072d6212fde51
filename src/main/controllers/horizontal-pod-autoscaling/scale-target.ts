// The scale of whatever an autoscaler points at: any kind that has the subresource.
import type { Scale } from '../../../shared/api/autoscaling/v1.ts'
import type { CrossVersionObjectReference } from '../../../shared/api/autoscaling/v2.ts'
import type { APIResourceList } from '../../../shared/api/meta/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { collectionPath } from '../../../shared/machinery/resource-type.ts'
import { isConflict } from '../../../shared/machinery/status.ts'

export interface ScaleTarget {
  /** Where the scale is read and written. */
  readonly path: string
  readonly scale: Scale
}

/** @throws Error, ApiError when there is no such object or kind, or the kind cannot be scaled */
export async function readScale(
  client: Client,
  namespace: string,
  { apiVersion = 'v1', kind, name }: CrossVersionObjectReference,
): Promise<ScaleTarget> {
  const inGroup = apiVersion.includes('/')
  const { resources } = (await client.raw(
    'GET',
    inGroup ? `/apis/${apiVersion}` : `/api/${apiVersion}`,
  )) as APIResourceList
  const served = resources.find(resource => resource.kind === kind && !resource.name.includes('/'))
  const [group = '', version = ''] = inGroup ? apiVersion.split('/') : ['', apiVersion]
  if (!served) throw new Error(`no matches for kind "${kind}" in group "${group}"`)
  const type = { group, version, kind, plural: served.name, namespaced: served.namespaced }
  const path = `${collectionPath(type, namespace)}/${encodeURIComponent(name)}/scale`
  return { path, scale: (await client.raw('GET', path)) as Scale }
}

const TRIES = 5

/** Writes over what others wrote meanwhile: a status that moved on is no reason not to scale. @throws ApiError */
export async function writeScale(client: Client, { path, scale }: ScaleTarget, replicas: number): Promise<void> {
  let latest = scale
  for (let tries = 1; ; tries++) {
    try {
      return void (await client.raw('PUT', path, { ...latest, spec: { ...latest.spec, replicas } }))
    } catch (error) {
      if (!isConflict(error) || tries === TRIES) throw error
      latest = (await client.raw('GET', path)) as Scale
    }
  }
}
