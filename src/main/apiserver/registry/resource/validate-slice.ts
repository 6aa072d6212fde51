// What drivers may publish about their devices.
import type { Device, DeviceAttribute, ResourceSlice } from '../../../../shared/api/resource/v1.ts'
import { type FieldError, invalidValue, required, tooLong } from '../../../../shared/machinery/field-error.ts'
import {
  dns1123Label,
  dns1123Subdomain,
  DNS_SUBDOMAIN_MAX_BYTES,
  labelValue,
} from '../../../../shared/machinery/names.ts'
import { versionOf } from '../../../cel/library/semver.ts'
import { validateNodeSelector } from '../core/pod/validate-affinity.ts'
import { entries, list } from '../support/collections.ts'
import {
  atMost,
  each,
  immutable,
  labelKey,
  nonNegative,
  obey,
  oneOf,
  positive,
  requiredAnd,
  uniqueBy,
} from '../support/rules.ts'
import { DEVICE_TAINT_EFFECTS, driverName } from './validate-requests.ts'

const MOST_DEVICES = 128
/** Of those with taints or counters. */
const MOST_DETAILED = 64
const MOST_ATTRIBUTES = 32
const MOST_TEXT_BYTES = 64
const MOST_COUNTER_SETS = 8
const WHERE = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const
const VALUES = ['int', 'bool', 'string', 'version', 'ints', 'bools', 'strings', 'versions'] as const

/** Selectors are compiled for texts of that length at most. */
const textErrors = (path: string, text: string | undefined): FieldError[] =>
  text !== undefined && Buffer.byteLength(text) > MOST_TEXT_BYTES ? [tooLong(path, MOST_TEXT_BYTES)] : []

function versionErrors(path: string, version: string | undefined): FieldError[] {
  if (version === undefined) return []
  const errors = textErrors(path, version)
  if (errors.length > 0) return errors
  try {
    versionOf(version)
    return []
  } catch {
    return [invalidValue(path, version, 'must be a string compatible with semver.org spec 2.0.0')]
  }
}

function attributeErrors(path: string, attribute: DeviceAttribute): FieldError[] {
  const given = VALUES.filter(name => attribute[name] !== undefined)
  if (given.length !== 1)
    return [given.length === 0 ? required(path, 'exactly one value must be specified') : invalidValue(path, attribute, 'exactly one value must be specified')] // prettier-ignore
  return [
    ...textErrors(`${path}.string`, attribute.string),
    ...each(`${path}.strings`, attribute.strings, textErrors),
    ...versionErrors(`${path}.version`, attribute.version),
    ...each(`${path}.versions`, attribute.versions, versionErrors),
  ]
}

function deviceErrors(path: string, { name, attributes, capacity, taints }: Device): FieldError[] {
  const named = [...entries(attributes), ...entries(capacity)]
  return [
    ...requiredAnd(`${path}.name`, name, dns1123Label),
    ...(named.length > MOST_ATTRIBUTES
      ? [invalidValue(path, named.length, `the total number of attributes and capacities must not exceed ${MOST_ATTRIBUTES}`)] // prettier-ignore
      : []),
    ...entries(attributes).flatMap(([key, attribute]) => attributeErrors(`${path}.attributes[${key}]`, attribute)),
    ...each(`${path}.taints`, taints, (at, { key, value, effect }) => [
      ...labelKey(`${at}.key`, key ?? ''),
      ...obey(`${at}.value`, value ?? '', labelValue),
      ...oneOf(`${at}.effect`, effect, DEVICE_TAINT_EFFECTS),
    ]),
  ]
}

const FLAGS = ['allNodes', 'perDeviceNodeSelection'] as const
const onlyTrue = (path: string, flag: boolean | undefined): FieldError[] =>
  flag === false ? [invalidValue(path, flag, 'must be either unset or set to true')] : []

/** Parts of a path, each a name by itself. */
function poolNameErrors(path: string, name: string | undefined): FieldError[] {
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
  if (given.length > 1) {
    const fields = `{${given.map(name => `\`${name}\``).join(', ')}}`
    return [invalidValue('spec', fields, `${rule}, but multiple fields are set`)]
  }
  const terms = spec.nodeSelector?.nodeSelectorTerms
  return [
    ...validateNodeSelector('spec.nodeSelector', spec.nodeSelector),
    ...(terms && terms.length !== 1
      ? [invalidValue('spec.nodeSelector.nodeSelectorTerms', terms, 'must have exactly one node selector term')]
      : []),
  ]
}

export function validateSlice(slice: ResourceSlice): FieldError[] {
  const { driver, pool, devices, sharedCounters } = slice.spec
  const detailed = list(devices).some(each => list(each.taints).length + list(each.consumesCounters).length > 0)
  const errors = [
    ...driverName('spec.driver', driver),
    ...poolNameErrors('spec.pool.name', pool?.name),
    ...(slice.spec.nodeName === undefined ? [] : requiredAnd('spec.nodeName', slice.spec.nodeName, dns1123Subdomain)),
    ...FLAGS.flatMap(name => onlyTrue(`spec.${name}`, slice.spec[name])),
    ...nonNegative('spec.pool.generation', pool?.generation),
    ...positive('spec.pool.resourceSliceCount', pool?.resourceSliceCount),
    ...whereErrors(slice),
    ...atMost('spec.devices', devices, detailed ? MOST_DETAILED : MOST_DEVICES),
    ...each('spec.devices', devices, deviceErrors),
    ...uniqueBy('spec.devices', devices, ({ name }) => name),
    ...atMost('spec.sharedCounters', sharedCounters, MOST_COUNTER_SETS),
    ...each('spec.sharedCounters', sharedCounters, (at, { name }) => requiredAnd(`${at}.name`, name, dns1123Label)),
    ...uniqueBy('spec.sharedCounters', sharedCounters, ({ name }) => name),
  ]
  if (devices && sharedCounters)
    errors.push(invalidValue('spec', '', 'only one of `sharedCounters` or `devices` is allowed'))
  return errors
}

export const validateSliceUpdate = ({ spec }: ResourceSlice, { spec: old }: ResourceSlice): FieldError[] => [
  ...immutable('spec.pool.name', spec.pool?.name, old.pool?.name),
  ...immutable('spec.driver', spec.driver, old.driver),
  ...immutable('spec.nodeName', spec.nodeName, old.nodeName),
]
