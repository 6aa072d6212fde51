// What claims may ask for: requests, constraints between their devices, configuration.
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  OpaqueDeviceConfiguration,
} from '../../../../shared/api/resource/v1.ts'
import { type FieldError, invalidValue, required, tooLong } from '../../../../shared/machinery/field-error.ts'
import { isObject } from '../../../../shared/machinery/json-object.ts'
import {
  byteLength,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  regexMessage,
} from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { atMost, each, labelKey, obey, oneOf, requiredAnd, uniqueBy } from '../support/rules.ts'
import { validateSelectors } from './validate-selectors.ts'

const MOST = 32
/** Of a class, or of a claim. */
export const MOST_CONFIGS = 32
const MOST_ALTERNATIVES = 8

type ItemRule<T> = (path: string, item: T) => FieldError[]

function bounded<T>(path: string, items: readonly T[] | undefined, most: number, rule: ItemRule<T>): FieldError[] {
  return [...atMost(path, items, most), ...each(path, items, rule)]
}

export const driverName = (path: string, name: string | undefined): FieldError[] => [
  ...(name && name.length > 63 ? [tooLong(path, 63)] : []),
  ...requiredAnd(path, name, text => dns1123Subdomain(text.toLowerCase())),
]

const MOST_IDENTIFIER_BYTES = 32
const IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*'
const isIdentifier = new RegExp(`^${IDENTIFIER}$`)
const identifierMessage = regexMessage(
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  IDENTIFIER,
  ...['my_name', 'MY_NAME', 'MyName'],
)

const identifierErrors = (path: string, identifier: string): FieldError[] => [
  ...(byteLength(identifier) > MOST_IDENTIFIER_BYTES ? [tooLong(path, MOST_IDENTIFIER_BYTES)] : []),
  ...(isIdentifier.test(identifier) ? [] : [invalidValue(path, identifier, identifierMessage)]),
]

/** Of an attribute or a capacity: an identifier, after the domain of whoever says what it means. */
export function attributeName(path: string, name: string): FieldError[] {
  const [first = '', second, ...more] = name.split('/')
  if (second === undefined) return identifierErrors(path, first)
  // Upstream lets names with more slashes be.
  if (more.length > 0) return []
  return [
    ...(first === '' ? [invalidValue(path, '', 'the domain must not be empty')] : driverName(path, first)),
    ...(second === '' ? [invalidValue(path, '', 'the name must not be empty')] : identifierErrors(path, second)),
  ]
}

const fullAttributeName = (path: string, name: string): FieldError[] => [
  ...attributeName(path, name),
  ...(name.includes('/')
    ? []
    : [invalidValue(path, name, 'a fully qualified name must be a domain and a name separated by a slash')]),
]

/** What it holds is the driver's business. */
function parametersErrors(path: string, { parameters }: { readonly parameters?: unknown }): FieldError[] {
  if (parameters === undefined || parameters === null) return [required(path)]
  return isObject(parameters) ? [] : [invalidValue(path, '<value omitted>', 'must be a valid JSON object')]
}

export const validateConfig = (
  path: string,
  config: readonly { readonly opaque?: OpaqueDeviceConfiguration }[] | undefined,
  most = MOST_CONFIGS,
): FieldError[] =>
  bounded(path, config, most, (at, { opaque }) =>
    opaque
      ? [...driverName(`${at}.opaque.driver`, opaque.driver), ...parametersErrors(`${at}.opaque.parameters`, opaque)]
      : [required(`${at}.opaque`)],
  )

export const DEVICE_TAINT_EFFECTS = ['NoExecute', 'NoSchedule', 'None']

/** Without a key it tolerates them all, without an effect every effect. */
function tolerationErrors(path: string, { operator, value = '', effect, key }: DeviceToleration): FieldError[] {
  const errors = key ? labelKey(`${path}.key`, key) : []
  errors.push(...oneOf(`${path}.operator`, operator, ['Equal', 'Exists']))
  if (operator === 'Equal') errors.push(...obey(`${path}.value`, value, labelValue))
  if (operator === 'Exists' && value)
    errors.push(invalidValue(`${path}.value`, value, 'must be empty for operator `Exists`'))
  if (effect) errors.push(...oneOf(`${path}.effect`, effect, DEVICE_TAINT_EFFECTS))
  return errors
}

function wantedErrors(path: string, wanted: ExactDeviceRequest | DeviceSubRequest): FieldError[] {
  const { deviceClassName, selectors, allocationMode, count, tolerations } = wanted
  const errors = [
    ...requiredAnd(`${path}.deviceClassName`, deviceClassName, dns1123Subdomain),
    ...validateSelectors(`${path}.selectors`, selectors),
    ...oneOf(`${path}.allocationMode`, allocationMode, ['All', 'ExactCount']),
    ...each(`${path}.tolerations`, tolerations, tolerationErrors),
  ]
  if (allocationMode === 'All' && count)
    errors.push(invalidValue(`${path}.count`, count, "must not be specified when allocationMode is 'All'"))
  if (allocationMode === 'ExactCount' && !(count && count > 0))
    errors.push(invalidValue(`${path}.count`, count ?? 0, 'must be greater than zero'))
  return errors
}

function requestErrors(path: string, { name, exactly, firstAvailable }: DeviceRequest): FieldError[] {
  const errors = obey(`${path}.name`, name ?? '', dns1123Label)
  const alternatives = list(firstAvailable)
  const rule = 'exactly one of `exactly` or `firstAvailable` is required'
  if (!exactly && alternatives.length === 0) return [...errors, required(path, rule)]
  if (exactly && alternatives.length > 0)
    return [...errors, invalidValue(path, null, `${rule}, but multiple fields are set`)]
  if (exactly) return [...errors, ...wantedErrors(`${path}.exactly`, exactly)]
  const at = `${path}.firstAvailable`
  return [
    ...errors,
    ...bounded(at, alternatives, MOST_ALTERNATIVES, (p, each) => [
      ...obey(`${p}.name`, each.name ?? '', dns1123Label),
      ...wantedErrors(p, each),
    ]),
    ...uniqueBy(at, alternatives, alternative => alternative.name),
  ]
}

/** Names by which constraints, configurations and results may refer to the requests. */
export const requestNames = (devices: DeviceClaim | undefined): ReadonlySet<string> =>
  new Set(
    list(devices?.requests).flatMap(({ name, firstAvailable }) => [
      name,
      ...list(firstAvailable).map(each => `${name}/${each.name}`),
    ]),
  )

export function refersTo(names: ReadonlySet<string>, path: string, name: string): FieldError[] {
  const parts = name.split('/')
  const errors = parts.length > 2 ? [] : parts.flatMap(part => obey(path, part, dns1123Label))
  if (names.has(name)) return errors
  const why = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
  return [...errors, invalidValue(path, name, why)]
}

/** Of two attributes the one that must match counts. */
function constraintErrors(path: string, { matchAttribute, distinctAttribute }: DeviceConstraint): FieldError[] {
  if (matchAttribute !== undefined) return fullAttributeName(`${path}.matchAttribute`, matchAttribute)
  if (distinctAttribute !== undefined) return fullAttributeName(`${path}.distinctAttribute`, distinctAttribute)
  const rule = 'exactly one of "matchAttribute" or "distinctAttribute" is required'
  return [required(path, `${rule}, but multiple fields are set`)]
}

export function validateDeviceClaim(path: string, devices: DeviceClaim | undefined): FieldError[] {
  const names = requestNames(devices)
  const references: ItemRule<{ readonly requests?: string[] }> = (at, { requests }) => [
    ...bounded(`${at}.requests`, requests, MOST, (p, name) => refersTo(names, p, name)),
    ...uniqueBy(`${at}.requests`, requests, name => name),
  ]
  return [
    ...bounded(`${path}.requests`, devices?.requests, MOST, requestErrors),
    ...uniqueBy(`${path}.requests`, devices?.requests, ({ name }) => name),
    ...bounded(`${path}.constraints`, devices?.constraints, MOST, (at, constraint) => [
      ...references(at, constraint),
      ...constraintErrors(at, constraint),
    ]),
    ...validateConfig(`${path}.config`, devices?.config),
    ...each(`${path}.config`, devices?.config, references),
  ]
}
