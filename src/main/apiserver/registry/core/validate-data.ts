// Keys, sizes and immutability of ConfigMaps and Secrets.
import type { ConfigMap, Secret } from '../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { slices } from '../../../pieces/large-json.ts'
import type { Pieces } from '../../../pieces/pacer.ts'
import { configMapKey, isConfigMapKey } from '../../../../shared/machinery/names.ts'
import { has, lookup } from '../support/collections.ts'
import { immutable, obey } from '../support/rules.ts'

const MAX_BYTES = 1_048_576

/** Bytes behind base64, without decoding it. */
const decodedLength = (text: string) => Math.floor((text.replace(/=+$/, '').length * 3) / 4)

type Data = Readonly<Record<string, string>> | undefined

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

interface Looked {
  readonly errors: FieldError[]
  readonly bytes: number
}

/** Maps may hold a hundred thousand keys: they are walked once and only what is wrong with them is sorted. */
function* look(path: string, map: Data, size: (text: string) => number): Pieces<Looked> {
  const errors: FieldError[] = []
  let bytes = 0
  // Of very many, values by their keys are cheaper than values.
  for (const keys of slices(Object.keys(map ?? {}))) {
    for (const key of keys) {
      if (!isConfigMapKey(key)) errors.push(...obey(`${path}[${key}]`, key, configMapKey))
      bytes += size(map?.[key] ?? '')
    }
    yield
  }
  return { errors: errors.sort((a, b) => compareText(a.field, b.field)), bytes }
}

export function* configMapErrors({ data, binaryData }: ConfigMap): Pieces<FieldError[]> {
  const texts = yield* look('data', data, Buffer.byteLength)
  const bytes = yield* look('binaryData', binaryData, decodedLength)
  const { errors } = texts
  for (const key of Object.keys(binaryData ?? {}).sort(compareText))
    if (has(data, key)) errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'))
  errors.push(...bytes.errors)
  if (texts.bytes + bytes.bytes > MAX_BYTES) errors.push(tooLong('', MAX_BYTES))
  return errors
}

const frozen = 'field is immutable when `immutable` is set'

type Immutable = Pick<ConfigMap, 'immutable' | 'data' | 'binaryData'>

function frozenErrors(object: Immutable, old: Immutable): FieldError[] {
  if (!old.immutable) return []
  const errors: FieldError[] = object.immutable ? [] : [forbiddenField('immutable', frozen)]
  for (const field of ['data', 'binaryData'] as const)
    if (!deepEqual(object[field] ?? {}, old[field] ?? {})) errors.push(forbiddenField(field, frozen))
  return errors
}

export const validateConfigMapUpdate = (map: ConfigMap, old: ConfigMap): FieldError[] => frozenErrors(map, old)

const isJsonObject = (base64: string): boolean => {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function typeErrors({ type, data, metadata }: Secret): FieldError[] {
  const missing = (...names: string[]) => names.filter(name => !has(data, name)).map(name => required(`data[${name}]`))
  const json = (name: string): FieldError[] => {
    const text = lookup(data, name)
    if (text === undefined) return [required(`data[${name}]`)]
    return isJsonObject(text)
      ? []
      : [invalidValue(`data[${name}]`, '<secret contents redacted>', 'must be a JSON object')]
  }
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return lookup(metadata.annotations, 'kubernetes.io/service-account.name')
        ? []
        : [required('metadata.annotations[kubernetes.io/service-account.name]')]
    case 'kubernetes.io/dockercfg':
      return json('.dockercfg')
    case 'kubernetes.io/dockerconfigjson':
      return json('.dockerconfigjson')
    case 'kubernetes.io/basic-auth':
      return has(data, 'username') || has(data, 'password') ? [] : missing('username', 'password')
    case 'kubernetes.io/ssh-auth':
      return lookup(data, 'ssh-privatekey') ? [] : [required('data[ssh-privatekey]')]
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key')
    default:
      return []
  }
}

export function* secretErrors(secret: Secret): Pieces<FieldError[]> {
  const { errors, bytes } = yield* look('data', secret.data, decodedLength)
  if (bytes > MAX_BYTES) errors.push(tooLong('data', MAX_BYTES))
  return [...errors, ...typeErrors(secret)]
}

export const validateSecretUpdate = (secret: Secret, old: Secret): FieldError[] => [
  ...immutable('type', secret.type, old.type),
  ...frozenErrors(secret, old),
]
