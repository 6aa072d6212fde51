// What namespaces without labels are held to, and who is not: upstream's PodSecurityConfiguration.
// @see https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-admission-controller/
import type { ConfigurationReader as Reader } from '../../configuration-reader.ts'
import { isLevel, isVersion, LEVELS, type Mode, MODES } from './levels.ts'

export interface PodSecuritySettings {
  /** By mode; a label says otherwise. */
  readonly defaults: Readonly<Record<Mode, { readonly level: string; readonly version: string }>>
  readonly exempt: {
    readonly usernames: ReadonlySet<string>
    readonly namespaces: ReadonlySet<string>
    readonly runtimeClasses: ReadonlySet<string>
  }
}

const API_VERSION = /^pod-security\.admission\.config\.k8s\.io\/v1((alpha|beta)1)?$/

const usual = { level: 'privileged', version: 'latest' }

export const DEFAULT_SETTINGS: PodSecuritySettings = {
  defaults: { enforce: usual, audit: usual, warn: usual },
  exempt: { usernames: new Set(), namespaces: new Set(), runtimeClasses: new Set() },
}

function namesIn(given: Reader): ReadonlySet<string> {
  const names = new Set<string>()
  for (const each of given.items) {
    if (names.has(each.text)) throw each.wrong('is there twice')
    names.add(each.text)
  }
  return names
}

function defaultOf(defaults: Reader, mode: Mode): { level: string; version: string } {
  const [level, version] = [defaults.field(mode), defaults.field(`${mode}-version`)]
  const given = { level: level.optionalText || usual.level, version: version.optionalText || usual.version }
  if (!isLevel(given.level)) throw level.wrong(`must be one of ${LEVELS.join(', ')}`)
  if (!isVersion(given.version)) throw version.wrong('must be "latest" or "v1.x"')
  return given
}

/** @param file a PodSecurityConfiguration */
export function readPodSecuritySettings(file: Reader): PodSecuritySettings {
  if (!API_VERSION.test(file.field('apiVersion').text) || file.field('kind').text !== 'PodSecurityConfiguration')
    throw file.wrong('is no PodSecurityConfiguration of pod-security.admission.config.k8s.io/v1')
  file.only('apiVersion', 'kind', 'defaults', 'exemptions')
  const defaults = file.field('defaults')
  if (!defaults.isAbsent) defaults.only(...MODES.flatMap(mode => [mode, `${mode}-version`]))
  const exemptions = file.field('exemptions')
  if (!exemptions.isAbsent) exemptions.only('usernames', 'namespaces', 'runtimeClasses')
  const exempt = (name: string) => (exemptions.isAbsent ? new Set<string>() : namesIn(exemptions.field(name)))
  const byMode = (mode: Mode) => (defaults.isAbsent ? usual : defaultOf(defaults, mode))
  return {
    defaults: { enforce: byMode('enforce'), audit: byMode('audit'), warn: byMode('warn') },
    exempt: {
      usernames: exempt('usernames'),
      namespaces: exempt('namespaces'),
      runtimeClasses: exempt('runtimeClasses'),
    },
  }
}
