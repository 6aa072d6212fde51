// configMap, secret, downwardAPI, serviceAccountToken and projected volumes: what files they hold.
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  ProjectedVolumeSource,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
} from '../../../shared/api/core/v1.ts'
import { type DownwardFacts, fieldValue, resourceValue } from '../spec/downward.ts'
import type { ObjectSource } from '../spec/env.ts'
import type { Payload, ProjectedFile } from './atomic-writer.ts'

/** The API server cannot be asked for a token, and none that is valid is known. */
export class TokenUnavailable extends Error {
  override readonly name = 'TokenUnavailable'
}

export interface IssuedToken {
  readonly token: string
  /** RFC 3339. */
  readonly expirationTimestamp: string
}

export interface TokenSource {
  /**
   * A token bound to the pod, renewed when it has lived most of its life.
   * @param audience undefined = the API server
   * @throws TokenUnavailable, ApiError
   */
  token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string>
  /** The same, with the time at which it ends. */
  issued(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<IssuedToken>
  /** The pod is gone. */
  forget(podUid: string): void
}

export interface ProjectionInput {
  readonly pod: Pod
  readonly facts: DownwardFacts
  readonly objects: ObjectSource
  readonly tokens: TokenSource
}

const DEFAULT_MODE = 0o644
const DEFAULT_TOKEN_SECONDS = 3600

type Bytes = ReadonlyMap<string, Buffer>

const bytesOfConfigMap = ({ data, binaryData }: ConfigMap): Bytes =>
  new Map([
    ...Object.entries(data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...Object.entries(binaryData ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
  ])
const bytesOfSecret = ({ data }: Secret): Bytes =>
  new Map(Object.entries(data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const))

/** @returns the volume's sources as one projection, or undefined when it is of another kind */
export function projectionOf(volume: Volume): ProjectedVolumeSource | undefined {
  if (volume.projected) return volume.projected
  if (volume.configMap) {
    const { defaultMode, ...configMap } = volume.configMap
    return { ...(defaultMode === undefined ? {} : { defaultMode }), sources: [{ configMap }] }
  }
  if (volume.secret) {
    const { defaultMode, secretName, ...secret } = volume.secret
    const source = { ...secret, ...(secretName === undefined ? {} : { name: secretName }) }
    return { ...(defaultMode === undefined ? {} : { defaultMode }), sources: [{ secret: source }] }
  }
  if (volume.downwardAPI) {
    const { defaultMode, ...downwardAPI } = volume.downwardAPI
    return { ...(defaultMode === undefined ? {} : { defaultMode }), sources: [{ downwardAPI }] }
  }
  return undefined
}

/** @throws Error with upstream's wording when something required is missing */
export async function collectFiles(input: ProjectionInput, projection: ProjectedVolumeSource): Promise<Payload> {
  const { pod, objects } = input
  const { namespace } = pod.metadata
  const mode = projection.defaultMode ?? DEFAULT_MODE
  const files = new Map<string, ProjectedFile>()
  for (const { configMap, secret, downwardAPI, serviceAccountToken, ...others } of projection.sources ?? []) {
    if (configMap) {
      const found = await objects.configMap(namespace, configMap.name ?? '')
      if (!found && !configMap.optional) throw new Error(`configmap "${configMap.name ?? ''}" not found`)
      pick(files, found && bytesOfConfigMap(found), configMap, mode, 'configmap references non-existent config key')
    } else if (secret) {
      const found = await objects.secret(namespace, secret.name ?? '')
      if (!found && !secret.optional) throw new Error(`secret "${secret.name ?? ''}" not found`)
      pick(files, found && bytesOfSecret(found), secret, mode, 'references non-existent secret key')
    } else if (downwardAPI) {
      for (const item of downwardAPI.items ?? []) files.set(item.path, downwardFile(input, item, mode))
    } else if (serviceAccountToken) {
      files.set(serviceAccountToken.path, await tokenFile(input, serviceAccountToken, mode))
    } else {
      throw new Error(`projected source ${Object.keys(others).join(', ')} is not supported on this node`)
    }
  }
  return files
}

/** @param data undefined = the object does not exist, and need not */
function pick(
  files: Map<string, ProjectedFile>,
  data: Bytes | undefined,
  source: { readonly items?: KeyToPath[]; readonly optional?: boolean; readonly name?: string },
  defaultMode: number,
  problem: string,
): void {
  if (!data) return
  if (!source.items?.length) {
    for (const [key, bytes] of data) files.set(key, { bytes, mode: defaultMode })
    return
  }
  for (const { key, path, mode } of source.items) {
    const bytes = data.get(key)
    if (bytes) files.set(path, { bytes, mode: mode ?? defaultMode })
    else if (!source.optional) throw new Error(`${problem}: ${key}`)
  }
}

function downwardFile(input: ProjectionInput, item: DownwardAPIVolumeFile, defaultMode: number): ProjectedFile {
  const { pod, facts } = input
  const text = item.fieldRef
    ? fieldValue(pod, item.fieldRef, facts)
    : item.resourceFieldRef
      ? resourceValue(pod, undefined, item.resourceFieldRef, facts)
      : ''
  return { bytes: Buffer.from(text), mode: item.mode ?? defaultMode }
}

async function tokenFile(
  { pod, tokens }: ProjectionInput,
  { audience, expirationSeconds }: ServiceAccountTokenProjection,
  defaultMode: number,
): Promise<ProjectedFile> {
  const token = await tokens.token(pod, audience || undefined, expirationSeconds ?? DEFAULT_TOKEN_SECONDS)
  const uid = commonUser(pod)
  const restricted = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined
  // Readable by everyone in the pod only while nobody in particular is its user.
  return { bytes: Buffer.from(token), mode: restricted ? 0o600 : defaultMode, ...(uid === undefined ? {} : { uid }) }
}

/** @returns the user that every container runs as, if it is the same */
function commonUser(pod: Pod): number | undefined {
  const fallback = pod.spec.securityContext?.runAsUser
  const users = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(
    container => container.securityContext?.runAsUser ?? fallback,
  )
  return users.every(user => user === users[0]) ? users[0] : undefined
}
