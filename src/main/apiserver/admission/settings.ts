// What whoever runs the server tells its admission plugins: upstream's AdmissionConfiguration, for those that have
// something to be told. @see https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/
import { ConfigurationReader as Reader } from '../configuration-reader.ts'
import { type PodSecuritySettings, readPodSecuritySettings } from './pod-security/settings.ts'
import { type LimitedResource, readLimitedResources } from './resource-quota/limited-resources.ts'

export interface AdmissionSettings {
  readonly limitedResources?: readonly LimitedResource[]
  readonly podSecurity?: PodSecuritySettings
}

/** The first is the one to use. */
const API_VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1']

const READERS = {
  PodSecurity: (file: Reader): AdmissionSettings => ({ podSecurity: readPodSecuritySettings(file) }),
  ResourceQuota: (file: Reader): AdmissionSettings => ({ limitedResources: readLimitedResources(file) }),
}

function readerOf(name: Reader): (file: Reader) => AdmissionSettings {
  if (name.text === 'PodSecurity' || name.text === 'ResourceQuota') return READERS[name.text]
  throw name.wrong(`is no plugin that can be told anything: those are ${Object.keys(READERS).join(' and ')}`)
}

/**
 * @param value the parsed file
 * @param load reads and parses another file that it names
 * @throws Error that says where it is wrong
 */
export async function parseAdmissionConfiguration(
  value: unknown,
  load: (path: string) => Promise<unknown>,
): Promise<AdmissionSettings> {
  const file = new Reader(value, '')
  const isKnown = API_VERSIONS.includes(file.field('apiVersion').optionalText)
  if (!isKnown || file.field('kind').text !== 'AdmissionConfiguration')
    throw file.wrong(`is no AdmissionConfiguration of ${API_VERSIONS[0]}`)
  file.only('apiVersion', 'kind', 'plugins')
  const settings: AdmissionSettings = {}
  for (const plugin of file.field('plugins').items) {
    const read = readerOf(plugin.only('name', 'path', 'configuration').field('name'))
    const [configuration, path] = [plugin.field('configuration'), plugin.field('path').optionalText]
    if (!configuration.isAbsent) Object.assign(settings, read(configuration))
    else if (path !== '') Object.assign(settings, read(new Reader(await load(path), '')))
  }
  return settings
}
