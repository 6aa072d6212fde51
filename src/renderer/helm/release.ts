// Helm's releases as it keeps them: a Secret a revision, with the whole release packed inside.
// @see https://helm.sh/docs/topics/advanced/#storage-backends
import type { KubeObject } from '../../shared/machinery/object.ts'
import { t } from '../i18n/i18n.ts'
import { plainText } from '../plain-text.ts'

export const RELEASES = { labelSelector: 'owner=helm' }
const PREFIX = 'sh.helm.release.v1.'

/** What the labels of a Secret tell without unpacking it. */
export interface ReleaseRevision {
  readonly secret: string
  /** Of the Secret: one of a release that is installed anew has the same name. */
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly status: string
  /** RFC 3339. */
  readonly madeAt: string | undefined
}

export interface Release {
  readonly name: string
  readonly info: {
    readonly description: string
    readonly lastDeployed: string
    readonly notes: string
  }
  readonly chart: {
    readonly name: string
    readonly version: string
    readonly appVersion: string
    readonly description: string
    /** What the chart sets by itself. */
    readonly values: unknown
  }
  /** What whoever installed it has set. */
  readonly config: unknown
  readonly manifest: string
  readonly hooks: readonly Hook[]
}

/** What runs beside the release's own objects. */
export interface Hook {
  readonly kind: string
  readonly name: string
  /** `pre-install`, `post-upgrade`, … */
  readonly events: readonly string[]
  readonly manifest: string
}

/** What an upgrade or an install would make of a release. */
export interface ReleasePlan extends Release {
  readonly isNew: boolean
  /** Of kinds that the chart brings: made with the first revision only, and never taken away. */
  readonly definitions: string
}

/** @returns undefined for a Secret that only looks like a release */
export function revisionOf({ metadata }: KubeObject): ReleaseRevision | undefined {
  const { name: secret, namespace = '', uid, labels = {}, creationTimestamp: madeAt } = metadata
  const { name = '', version = '', status = 'unknown' } = labels
  if (!secret.startsWith(PREFIX) || !name || !/^\d+$/.test(version)) return undefined
  return { secret, uid, namespace, name, revision: Number(version), status, madeAt }
}

export interface ReleaseHistory {
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly newest: ReleaseRevision
  /** Newest first. */
  readonly revisions: readonly ReleaseRevision[]
}

export function releaseHistories(secrets: readonly KubeObject[]): ReleaseHistory[] {
  const byKey = new Map<string, ReleaseRevision[]>()
  for (const secret of secrets) {
    const found = revisionOf(secret)
    if (!found) continue
    const key = `${found.namespace}/${found.name}`
    byKey.set(key, [...(byKey.get(key) ?? []), found])
  }
  return [...byKey]
    .flatMap(([key, found]) => {
      const revisions = found.sort((a, b) => b.revision - a.revision)
      const [newest] = revisions
      return newest ? [{ key, namespace: newest.namespace, name: newest.name, newest, revisions }] : []
    })
    .sort((a, b) => a.key.localeCompare(b.key))
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), character => character.charCodeAt(0))

/** A Secret holds 1 MiB at most; what it unpacks to is bounded as well. */
const MOST_BYTES = 64 << 20

async function unpack(packed: Uint8Array<ArrayBuffer>, mostBytes: number): Promise<string> {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  const decoder = new TextDecoder()
  let text = ''
  let total = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    total += part.value.length
    if (total > mostBytes) {
      await reader.cancel()
      throw new Error(t('the release unpacks to more than {n} bytes', { n: mostBytes }))
    }
    text += decoder.decode(part.value, { stream: true })
  }
  return text + decoder.decode()
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const words = (value: unknown): string => (typeof value === 'string' ? value : '')
/** For people: of whoever wrote the chart. */
const told = (value: unknown): string => plainText(words(value))
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const hookOf = (value: unknown): Hook => {
  const { kind, name, events, manifest } = record(value)
  return { kind: words(kind), name: words(name), events: list(events).map(words), manifest: words(manifest) }
}

/** @param data the Secret's `release`: base64 of base64 of gzip of JSON. @throws Error when it is something else */
export async function decodeRelease(data: string, mostBytes = MOST_BYTES): Promise<Release> {
  const packed = bytesOf(atob(data))
  // Releases of the first Helm 3 betas were not compressed.
  const isPacked = packed[0] === 0x1f && packed[1] === 0x8b
  return releaseOf(JSON.parse(isPacked ? await unpack(packed, mostBytes) : new TextDecoder().decode(packed)))
}

/** @param json what helm's dry run printed. @throws Error when it is something else */
export function planOf(json: string): ReleasePlan {
  const parsed = record(JSON.parse(json))
  const isNew = words(record(parsed['info'])['status']) === 'pending-install'
  const files = isNew ? list(record(parsed['chart'])['files']).map(record) : []
  const definitions = files
    .filter(({ name }) => /^crds\/.*\.(ya?ml|json)$/.test(words(name)))
    .map(({ data }) => new TextDecoder().decode(bytesOf(words(data))))
  return { ...releaseOf(parsed), isNew, definitions: definitions.join('\n---\n') }
}

function releaseOf(parsed: unknown): Release {
  const release = record(parsed)
  const info = record(release['info'])
  const chart = record(release['chart'])
  const about = record(chart['metadata'])
  return {
    name: words(release['name']),
    info: {
      description: told(info['description']),
      lastDeployed: words(info['last_deployed']),
      notes: told(info['notes']),
    },
    chart: {
      name: told(about['name']),
      version: told(about['version']),
      appVersion: told(about['appVersion']),
      description: told(about['description']),
      values: chart['values'] ?? {},
    },
    config: release['config'] ?? {},
    manifest: words(release['manifest']),
    hooks: list(release['hooks']).map(hookOf),
  }
}
