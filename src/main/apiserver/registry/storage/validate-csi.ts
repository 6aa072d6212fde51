// What CSIDrivers and CSINodes must look like.
import type { CSIDriver, CSINode, CSINodeDriver, TokenRequest } from '../../../../shared/api/storage/v1.ts'
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { byteLength, dns1123Subdomain, qualifiedName } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { each, nonNegative, obey, optionalOneOf } from '../support/rules.ts'

const MAX_DRIVER_NAME = 63
const MAX_NODE_ID = 256
const MIN_TOKEN_SECONDS = 600
const MAX_TOKEN_SECONDS = 2 ** 32
const MIN_UPDATE_SECONDS = 10

/** The name of a CSI driver, wherever it stands. */
export function csiDriverName(path: string, name = ''): FieldError[] {
  if (!name) return [required(path)]
  const long = byteLength(name) > MAX_DRIVER_NAME ? [tooLong(path, MAX_DRIVER_NAME)] : []
  return [...long, ...dns1123Subdomain(name.toLowerCase()).map(message => invalidValue(path, name, message))]
}

function repeated(path: (i: number) => string, values: readonly string[]): FieldError[] {
  return values.flatMap((value, i) => (values.indexOf(value) < i ? [duplicate(path(i), value)] : []))
}

function nodeDriverErrors(path: string, driver: CSINodeDriver): FieldError[] {
  const { nodeID = '', topologyKeys, allocatable } = driver as Partial<CSINodeDriver>
  const id = `${path}.nodeID`
  const keys = list(topologyKeys)
  return [
    ...csiDriverName(`${path}.name`, driver.name),
    ...(nodeID === '' ? [required(id)] : []),
    ...(byteLength(nodeID) > MAX_NODE_ID
      ? [invalidValue(id, nodeID, `must be ${MAX_NODE_ID} characters or less`)]
      : []),
    ...nonNegative(`${path}.allocatable.count`, allocatable?.count),
    ...repeated(() => path, keys),
    ...keys.flatMap(key => [...(key ? [] : [required(path)]), ...obey(path, key, qualifiedName)]),
  ]
}

export function validateCSINode({ spec }: CSINode): FieldError[] {
  const drivers = list(spec.drivers)
  return [
    ...each('spec.drivers', drivers, nodeDriverErrors),
    ...repeated(
      i => `spec.drivers[${i}].name`,
      drivers.map(({ name }) => name),
    ),
  ]
}

/** What a driver says of a node stays, but for how much room there is. */
export function validateCSINodeUpdate({ spec }: CSINode, old: CSINode): FieldError[] {
  const now = new Map(list(spec.drivers).map(driver => [driver.name, driver]))
  return list(old.spec.drivers).flatMap(({ allocatable: _had, ...before }) => {
    const driver = now.get(before.name)
    if (!driver) return []
    const { allocatable: _has, ...after } = driver
    return deepEqual(after, before, { emptyIsAbsent: true })
      ? []
      : [invalidValue('spec.drivers', driver, 'field is immutable')]
  })
}

function tokenErrors(path: string, { expirationSeconds: seconds }: TokenRequest): FieldError[] {
  if (seconds === undefined) return []
  const at = `${path}.expirationSeconds`
  if (seconds < MIN_TOKEN_SECONDS) return [invalidValue(at, seconds, 'may not specify a duration less than 10 minutes')]
  return seconds > MAX_TOKEN_SECONDS
    ? [invalidValue(at, seconds, 'may not specify a duration larger than 2^32 seconds')]
    : []
}

export function validateCSIDriver({ spec }: CSIDriver): FieldError[] {
  const period = spec.nodeAllocatableUpdatePeriodSeconds
  const tokens = list(spec.tokenRequests)
  return [
    ...optionalOneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...each('spec.tokenRequests', tokens, tokenErrors),
    ...repeated(
      i => `spec.tokenRequests[${i}].audience`,
      tokens.map(({ audience = '' }: Partial<TokenRequest>) => audience),
    ),
    ...list(spec.volumeLifecycleModes)
      .filter(mode => mode !== 'Persistent' && mode !== 'Ephemeral')
      .map(mode => notSupported('spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral'])),
    ...(period !== undefined && period < MIN_UPDATE_SECONDS
      ? [
          invalidValue(
            'spec.nodeAllocatableUpdatePeriodSeconds',
            period,
            `must be greater than or equal to ${MIN_UPDATE_SECONDS} seconds`,
          ),
        ]
      : []),
  ]
}
