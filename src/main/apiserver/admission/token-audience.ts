// For whom a node may ask for tokens of its pods: for those whom the pod's volumes name, by themselves or through their
// CSI driver, and for those whom a role lets it (`request-serviceaccounts-token-audience`).
import type { TokenRequest } from '../../../shared/api/authentication/v1.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../../shared/api/core/v1.ts'
import type { CSIDriver } from '../../../shared/api/storage/v1.ts'
import { podClaims } from '../../../shared/machinery/volume-claims.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { ServerView } from '../endpoints/server-view.ts'
import type { AdmissionRequest } from './contract.ts'

const VERB = 'request-serviceaccounts-token-audience'

type Authorize = ServerView['authorize']

class Missing extends Error {}

/** @throws Missing */
function stored<T>(store: ObjectStore, key: string, what: string): T {
  const found = store.get(`/registry/${key}`)
  if (!found) throw new Missing(`${what} ${JSON.stringify(key.slice(key.lastIndexOf('/') + 1))} not found`)
  return found.object as unknown as T
}

function driverOf(store: ObjectStore, pod: Pod, volume: Volume): string | undefined {
  if (volume.csi) return volume.csi.driver
  const [claim] = podClaims({ ...pod, spec: { ...pod.spec, volumes: [volume] } })
  if (!claim) return undefined
  const key = `core/persistentvolumeclaims/${pod.metadata.namespace}/${claim.name}`
  const { spec } = stored<PersistentVolumeClaim>(store, key, 'persistentvolumeclaim')
  return stored<PersistentVolume>(store, `core/persistentvolumes/${spec.volumeName ?? ''}`, 'persistentvolume').spec.csi
    ?.driver
}

function names(store: ObjectStore, pod: Pod, volume: Volume, audience: string): boolean {
  const sources = volume.projected?.sources ?? []
  if (sources.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience)) return true
  const driver = driverOf(store, pod, volume)
  if (driver === undefined) return false
  const { spec } = stored<CSIDriver>(store, `storage.k8s.io/csidrivers/${driver}`, 'csidriver.storage.k8s.io')
  return (spec.tokenRequests ?? []).some(each => each.audience === audience)
}

/** @returns why a node may not have the token; undefined when it may */
export function refusedAudience(
  request: AdmissionRequest,
  pod: Pod,
  store: ObjectStore,
  authorize: Authorize,
): string | undefined {
  const { audiences = [] } = (request.object as unknown as TokenRequest).spec ?? {}
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences'
  const [audience = ''] = audiences
  const missing: string[] = []
  for (const volume of pod.spec.volumes ?? [])
    try {
      if (names(store, pod, volume, audience)) return undefined
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      missing.push(error.message)
    }
  const quoted = JSON.stringify(audience)
  if (missing.length > 0)
    return `error validating audience ${quoted}: ${missing.length > 1 ? `[${missing.join(', ')}]` : missing.join('')}`
  const { user, namespace, name } = request
  const { decision } = authorize({
    ...{ isResource: true, verb: VERB, group: '', version: 'v1', namespace, resource: audience, subresource: '' },
    ...{ name, path: '', user },
  })
  if (decision === 'allow') return undefined
  return `audience ${quoted} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`
}
