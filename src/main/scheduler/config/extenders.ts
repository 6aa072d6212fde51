// `extenders` of a KubeSchedulerConfiguration: servers that are asked about pods besides the plugins.
import { parseDuration } from '../../../shared/machinery/duration.ts'
import { isNativeResource } from '../../../shared/machinery/resource-name.ts'
import { type Section, flag, integer, neededText, only, section, sections, text } from './fields.ts'

/** How a server is known, and who one is to it: files, or their content. */
export interface ExtenderTls {
  readonly insecure: boolean
  readonly serverName: string | undefined
  readonly cert: PemSource | undefined
  readonly key: PemSource | undefined
  readonly ca: PemSource | undefined
}

export type PemSource = { readonly file: string } | { readonly pem: string }

/** Absent verbs are not called. */
export interface ExtenderConfiguration {
  /** Of its verbs, without a slash at its end. */
  readonly urlPrefix: string
  readonly filterVerb: string | undefined
  readonly prioritizeVerb: string | undefined
  readonly preemptVerb: string | undefined
  readonly bindVerb: string | undefined
  /** Of its scores. */
  readonly weight: number
  /** For each call. */
  readonly timeoutMs: number
  /** It knows the nodes itself and is told their names alone. */
  readonly nodeCacheCapable: boolean
  /** It is asked about pods that request one of these; empty = about all. */
  readonly managedResources: readonly string[]
  /** Those of them that plugins do not look at. */
  readonly ignoredResources: readonly string[]
  /** Scheduling goes on without its answer. */
  readonly ignorable: boolean
  readonly tls: ExtenderTls
}

const DEFAULT_TIMEOUT_MS = 5_000
const INT32 = 2 ** 31 - 1

function pemSource(given: Section, name: 'cert' | 'key' | 'ca'): PemSource | undefined {
  const data = text(given, `${name}Data`)
  if (data) return { pem: Buffer.from(data, 'base64').toString() }
  const file = text(given, `${name}File`)
  return file ? { file } : undefined
}

function readTls(given: Section | undefined, enableHttps: boolean): ExtenderTls {
  const from = given ?? { path: 'tlsConfig', value: {} }
  const files = ['certFile', 'keyFile', 'caFile', 'certData', 'keyData', 'caData']
  only(from, 'insecure', 'serverName', ...files)
  const ca = pemSource(from, 'ca')
  return {
    // Upstream's: who asks for HTTPS without an authority is content with any.
    insecure: flag(from, 'insecure') || (enableHttps && !ca),
    serverName: text(from, 'serverName') || undefined,
    cert: pemSource(from, 'cert'),
    key: pemSource(from, 'key'),
    ca,
  }
}

function urlOf(given: Section): string {
  const found = neededText(given, 'urlPrefix')
  const url = URL.parse(found)
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new Error(`${given.path}.urlPrefix must be a URL of http or https, not "${found}"`)
  return found.replace(/\/+$/, '')
}

function timeoutOf(given: Section): number {
  const found = text(given, 'httpTimeout')
  if (found === undefined) return DEFAULT_TIMEOUT_MS
  const ms = parseDuration(found)
  if (ms === undefined || ms < 0) throw new Error(`${given.path}.httpTimeout must be a duration such as "5s"`)
  return ms || DEFAULT_TIMEOUT_MS
}

const VERBS = ['filterVerb', 'prioritizeVerb', 'preemptVerb', 'bindVerb'] as const

function readExtender(given: Section): ExtenderConfiguration {
  const others = ['weight', 'enableHTTPS', 'tlsConfig', 'httpTimeout', 'nodeCacheCapable', 'managedResources']
  only(given, 'urlPrefix', ...VERBS, ...others, 'ignorable')
  const verb = (name: (typeof VERBS)[number]) => text(given, name) || undefined
  const weight = integer(given, 'weight', 0, INT32) ?? 0
  const prioritizeVerb = verb('prioritizeVerb')
  if (prioritizeVerb && weight === 0) throw new Error(`${given.path}.weight must be positive for what it prioritizes`)
  const managed = sections(given, 'managedResources').map(resource => {
    only(resource, 'name', 'ignoredByScheduler')
    const name = neededText(resource, 'name')
    if (isNativeResource(name)) throw new Error(`${resource.path}.name: "${name}" is no extended resource`)
    return { name, ignored: flag(resource, 'ignoredByScheduler'), path: resource.path }
  })
  return {
    urlPrefix: urlOf(given),
    filterVerb: verb('filterVerb'),
    prioritizeVerb,
    preemptVerb: verb('preemptVerb'),
    bindVerb: verb('bindVerb'),
    weight,
    timeoutMs: timeoutOf(given),
    nodeCacheCapable: flag(given, 'nodeCacheCapable'),
    managedResources: managed.map(({ name }) => name),
    ignoredResources: managed.filter(({ ignored }) => ignored).map(({ name }) => name),
    ignorable: flag(given, 'ignorable'),
    tls: readTls(section(given, 'tlsConfig'), flag(given, 'enableHTTPS')),
  }
}

/** @returns those that must answer first @throws Error with the path of what is wrong */
export function readExtenders(given: readonly Section[]): ExtenderConfiguration[] {
  const extenders = given.map(readExtender)
  const binders = extenders.filter(({ bindVerb }) => bindVerb)
  if (binders.length > 1) throw new Error(`extenders: only one may have a bindVerb, and ${binders.length} do`)
  const managed = extenders.flatMap(({ managedResources }) => managedResources)
  const twice = managed.find((name, i) => managed.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`extenders: managedResources name "${twice}" twice`)
  return extenders.toSorted((a, b) => Number(a.ignorable) - Number(b.ignorable))
}
