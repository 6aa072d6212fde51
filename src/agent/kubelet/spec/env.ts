// A container's environment: service variables, then envFrom, then env, each overriding what comes before.
import type { ConfigMap, Container, EnvVarSource, FileKeySelector, Pod, Secret } from '../../../shared/api/core/v1.ts'
import { ContainerConfigError } from './config-error.ts'
import { valueInEnvFile } from './env-file.ts'
import { type DownwardFacts, fieldValue, resourceValue } from './downward.ts'
import { expand } from './expansion.ts'

/** Reads the objects that pods refer to. */
export interface ObjectSource {
  /** @returns undefined when it does not exist @throws Error when it cannot be known */
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>
  secret(namespace: string, name: string): Promise<Secret | undefined>
}

export interface EnvironmentInput {
  readonly pod: Pod
  readonly container: Container
  readonly facts: DownwardFacts
  readonly services: ReadonlyMap<string, string>
  readonly objects: ObjectSource
  /** Reads a file of a volume of the pod. @returns undefined when it does not exist @throws Error for what is no file in it */
  readonly readFile: (volume: string, path: string) => Promise<string | undefined>
}

type Values = Readonly<Record<string, string>>

const decode = (data: Values | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]))

/** @throws ContainerConfigError with upstream's wording when something required is missing */
export async function environmentOf(input: EnvironmentInput): Promise<Map<string, string>> {
  const { pod, container, services } = input
  const env = new Map<string, string>()
  for (const source of container.envFrom ?? [])
    for (const [key, value] of Object.entries(await valuesFrom(input, source)))
      if (!key.includes('=')) env.set(`${source.prefix ?? ''}${key}`, value)
  const lookup = (name: string) => env.get(name) ?? services.get(name)
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (valueFrom) {
      const found = await valueOf(input, valueFrom, pod.metadata.namespace)
      if (found !== undefined) env.set(name, found)
    } else env.set(name, expand(value ?? '', lookup))
  }
  for (const [name, value] of services) if (!env.has(name)) env.set(name, value)
  return env
}

async function valuesFrom(
  { pod, objects }: EnvironmentInput,
  source: NonNullable<Container['envFrom']>[number],
): Promise<Values> {
  const { namespace } = pod.metadata
  if (source.configMapRef) {
    const { name = '', optional } = source.configMapRef
    const found = await objects.configMap(namespace, name)
    if (!found && !optional) throw new ContainerConfigError(`configmap "${name}" not found`)
    return found?.data ?? {}
  }
  if (source.secretRef) {
    const { name = '', optional } = source.secretRef
    const found = await objects.secret(namespace, name)
    if (!found && !optional) throw new ContainerConfigError(`secret "${name}" not found`)
    return decode(found?.data)
  }
  return {}
}

async function valueOf(input: EnvironmentInput, source: EnvVarSource, namespace: string): Promise<string | undefined> {
  const { pod, container, facts, objects } = input
  if (source.fieldRef) return fieldValue(pod, source.fieldRef, facts)
  if (source.resourceFieldRef) return resourceValue(pod, container, source.resourceFieldRef, facts)
  if (source.configMapKeyRef) {
    const { name = '', key, optional } = source.configMapKeyRef
    const found = await objects.configMap(namespace, name)
    if (!found && !optional) throw new ContainerConfigError(`configmap "${name}" not found`)
    const data = found?.data ?? {}
    if (Object.hasOwn(data, key)) return data[key]
    if (optional) return undefined
    throw new ContainerConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`)
  }
  if (source.secretKeyRef) {
    const { name = '', key, optional } = source.secretKeyRef
    const found = await objects.secret(namespace, name)
    if (!found && !optional) throw new ContainerConfigError(`secret "${name}" not found`)
    const data = found?.data ?? {}
    if (Object.hasOwn(data, key)) return Buffer.from(data[key] ?? '', 'base64').toString()
    if (optional) return undefined
    throw new ContainerConfigError(`couldn't find key ${key} in Secret ${namespace}/${name}`)
  }
  return source.fileKeyRef && valueInFile(input, source.fileKeyRef)
}

/** What the file says instead is not told: it may be a secret. */
async function valueInFile(
  { readFile }: EnvironmentInput,
  { volumeName, path, key, optional }: FileKeySelector,
): Promise<string | undefined> {
  const value = await readFile(volumeName, path)
    .then(text => text !== undefined && valueInEnvFile(text, key))
    .catch(() => {
      throw new ContainerConfigError("couldn't parse env file")
    })
  if (value) return value
  if (optional) return undefined
  throw new ContainerConfigError(
    value === false
      ? `environment variable file "${path}" not found in volume "${volumeName}"`
      : `environment variable key "${key}" not found in file "${path}" of volume "${volumeName}"`,
  )
}

/** @returns command and arguments with `$(NAME)` replaced */
export function expandCommand(container: Container, env: ReadonlyMap<string, string>) {
  const each = (list: readonly string[] | undefined) => list?.map(text => expand(text, name => env.get(name)))
  const command = each(container.command)
  const args = each(container.args)
  return { ...(command?.length ? { command } : {}), ...(args?.length ? { args } : {}) }
}
