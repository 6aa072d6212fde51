// What drivers may publish about their devices.
import type { ResourceSlice } from '../../../../shared/api/resource/v1.ts'
import { type FieldError, invalidValue, required, tooLong } from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain, DNS_SUBDOMAIN_MAX_BYTES } from '../../../../shared/machinery/names.ts'
import { validateNodeSelector } from '../core/pod/validate-affinity.ts'
import { list } from '../support/collections.ts'
import { atMost, each, immutable, obey, requiredAnd, uniqueBy } from '../support/rules.ts'
import { countersErrors, deviceErrors, isDetailed } from './validate-devices.ts'
import { driverName } from './validate-requests.ts'

const MOST_DEVICES = 128
/** Where one of them has taints, counters or lists. */
const MOST_DETAILED = 64
const MOST_COUNTER_SETS = 8
const WHERE = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const

const FLAGS = ['allNodes', 'perDeviceNodeSelection'] as const
const onlyTrue = (path: string, flag: boolean | undefined): FieldError[] =>
  flag === false ? [invalidValue(path, flag, 'must be either unset or set to true')] : []

function nodeNameErrors(path: string, name: string | undefined): FieldError[] {
  if (name === undefined) return []
  return name === ''
    ? [invalidValue(path, name, 'must be either unset or set to a non-empty string')]
    : obey(path, name, dns1123Subdomain)
}

/** Parts of a path, each a name by itself. */
export function poolNameErrors(path: string, name: string | undefined): FieldError[] {
  if (!name) return [required(path)]
  return [
    ...(name.length > DNS_SUBDOMAIN_MAX_BYTES ? [tooLong(path, DNS_SUBDOMAIN_MAX_BYTES)] : []),
    ...name.split('/').flatMap(part => obey(path, part, dns1123Subdomain)),
  ]
}

function whereErrors({ spec }: ResourceSlice): FieldError[] {
  const given = WHERE.filter(name => Boolean(spec[name]))
  const rule = `exactly one of ${WHERE.map(name => `\`${name}\``).join(', ')} is required`
  if (given.length === 0) return [required('spec', rule)]
  const fields = `{${given.map(name => `\`${name}\``).join(', ')}}`
  const terms = spec.nodeSelector?.nodeSelectorTerms
  return [
    ...(given.length > 1 ? [invalidValue('spec', fields, `${rule}, but multiple fields are set`)] : []),
    ...validateNodeSelector('spec.nodeSelector', spec.nodeSelector),
    ...(spec.nodeSelector && terms?.length !== 1
      ? [invalidValue('spec.nodeSelector.nodeSelectorTerms', terms ?? null, 'must have exactly one node selector term')]
      : []),
  ]
}

export function validateSlice(slice: ResourceSlice): FieldError[] {
  const { driver, pool, devices, sharedCounters, perDeviceNodeSelection = false } = slice.spec
  const detailed = list(devices).some(isDetailed)
  const errors = [
    ...driverName('spec.driver', driver),
    ...poolNameErrors('spec.pool.name', pool?.name),
    ...nodeNameErrors('spec.nodeName', slice.spec.nodeName),
    ...FLAGS.flatMap(name => onlyTrue(`spec.${name}`, slice.spec[name])),
    ...((pool?.generation ?? 0) < 0
      ? [invalidValue('spec.pool.generation', pool.generation, 'must be greater than or equal to zero')]
      : []),
    ...((pool?.resourceSliceCount ?? 0) <= 0
      ? [invalidValue('spec.pool.resourceSliceCount', pool?.resourceSliceCount ?? 0, 'must be greater than zero')]
      : []),
    ...whereErrors(slice),
    ...atMost('spec.devices', devices, detailed ? MOST_DETAILED : MOST_DEVICES),
    ...each('spec.devices', devices, (at, device) => deviceErrors(at, device, perDeviceNodeSelection)),
    ...uniqueBy('spec.devices', devices, ({ name }) => name),
    ...atMost('spec.sharedCounters', sharedCounters, MOST_COUNTER_SETS),
    ...each('spec.sharedCounters', sharedCounters, (at, { name, counters }) => [
      ...requiredAnd(`${at}.name`, name, dns1123Label),
      ...countersErrors(`${at}.counters`, counters),
    ]),
    ...uniqueBy('spec.sharedCounters', sharedCounters, ({ name }) => name),
  ]
  if (devices && sharedCounters)
    errors.push(invalidValue('spec', '', 'only one of `sharedCounters` or `devices` is allowed'))
  return errors
}

export const validateSliceUpdate = ({ spec }: ResourceSlice, { spec: old }: ResourceSlice): FieldError[] => [
  ...immutable('spec.pool.name', spec.pool?.name ?? '', old.pool?.name),
  ...immutable('spec.driver', spec.driver ?? '', old.driver),
  ...immutable('spec.nodeName', spec.nodeName, old.nodeName),
]
