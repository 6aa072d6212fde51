// Validation of metadata, the same for every kind, in upstream's words.
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../../../shared/api/meta/v1.ts'
import { semanticEqual } from '../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../../shared/machinery/field-error.ts'
import {
  byteLength,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  pathSegmentName,
  qualifiedName,
} from '../../../shared/machinery/names.ts'
import type { ResourceDescriptor } from '../registry/resource.ts'

/** What of a kind its metadata depends on. */
interface Described extends Pick<ResourceDescriptor, 'validateName'> {
  readonly type: Pick<ResourceDescriptor['type'], 'namespaced'> & { readonly group?: string; readonly kind?: string }
  readonly custom?: unknown
}

const NONE: readonly FieldError[] = []

const MAX_ANNOTATIONS_BYTES = 256 * 1024
const MAX_MANAGER_BYTES = 128
const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

const invalids = (field: string, value: unknown, messages: readonly string[]): readonly FieldError[] =>
  messages.length === 0 ? NONE : messages.map(message => invalidValue(field, value, message))

/** A prefix may end in `-`, since the generated part follows it. */
const maskTrailingDash = (prefix: string) =>
  prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix

/** Labels, wherever they stand: metadata, templates, selectors. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  for (const key in labels) {
    const value = labels[key] ?? ''
    errors.push(...invalids(field, key, qualifiedName(key)), ...invalids(field, value, labelValue(value)))
  }
  return errors
}

/** Annotations, wherever they stand. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  if (!annotations) return []
  const entries = Object.entries(annotations)
  const errors = entries.flatMap(([key]) => invalids(field, key, qualifiedName(key.toLowerCase())))
  const size = entries.reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0)
  if (size > MAX_ANNOTATIONS_BYTES) errors.push(tooLong(field, MAX_ANNOTATIONS_BYTES))
  return errors
}

// Upstream names the list, not the item.
function validateOwners(owners: readonly OwnerReference[] | undefined, field: string): FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  for (const owner of owners ?? []) {
    const { apiVersion = '' } = owner
    if (!/^([^/]+\/)?[^/]+$/.test(apiVersion))
      errors.push(invalidValue(`${field}.apiVersion`, apiVersion, 'version must not be empty'))
    for (const part of ['kind', 'name', 'uid'] as const)
      if (!owner[part]) errors.push(invalidValue(`${field}.${part}`, '', 'must not be empty'))
    if (apiVersion === 'v1' && owner.kind === 'Event') {
      errors.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'))
    }
    if (owner.controller !== true) continue
    const name = `${owner.kind}/${owner.name}`
    if (controller === undefined) controller = name
    else {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`
      errors.push(invalidValue(field, owners, detail))
    }
  }
  return errors
}

function validateFinalizers(finalizers: readonly string[] | undefined, field: string): FieldError[] {
  const errors = (finalizers ?? []).flatMap(finalizer => invalids(field, finalizer, qualifiedName(finalizer)))
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalidValue(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  }
  return errors
}

/** Their objects may wait for anybody, as custom resources may; upstream checks those of all others by the core group's rule. */
const WAITING_FOR_ANYBODY = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'policy',
])

const STANDARD_FINALIZERS = new Set(['foregroundDeletion', 'kubernetes', 'orphan'])

const unknownFinalizer = (field: string, finalizer: string): FieldError[] =>
  finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)
    ? []
    : [invalidValue(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')]

/** Finalizers of a namespace's spec: each is either known or of a domain. @param at the path of one, by its index */
export const validateFinalizerNames = (
  finalizers: readonly string[] | undefined,
  at: (index: number) => string,
): FieldError[] =>
  (finalizers ?? []).flatMap((finalizer, i) => [
    ...invalids(at(i), finalizer, qualifiedName(finalizer)),
    ...unknownFinalizer(at(i), finalizer),
  ])

/** As the server itself makes them. */
const isUsual = ({ operation, fieldsType, manager = '' }: ManagedFieldsEntry): boolean =>
  (operation === 'Update' || operation === 'Apply') &&
  fieldsType === 'FieldsV1' &&
  manager.length <= MAX_MANAGER_BYTES &&
  isPlain(manager)

function validateManagedFields(entries: readonly ManagedFieldsEntry[] | undefined, field: string): FieldError[] {
  return (entries ?? []).flatMap((entry, i) => {
    if (isUsual(entry)) return []
    const at = `${field}[${i}]`
    const errors: FieldError[] = []
    if (!entry.operation) errors.push(required(`${at}.operation`, 'must not be empty'))
    else if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      errors.push(notSupported(`${at}.operation`, entry.operation, ['Apply', 'Update']))
    }
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1') {
      errors.push(invalidValue(`${at}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'))
    }
    // The first is enough: a body has room for thousands of entries.
    if (entry.manager) errors.push(...validateFieldManager(entry.manager, `${at}.manager`).slice(0, 1))
    return errors
  })
}

/** What nearly all names are: every character is one byte, and printable. */
export const isPlain = (name: string): boolean => /^[ -~]*$/.test(name)
export const NOT_PRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

/** @returns what is wrong with a field manager's name; of one that is too long that alone, as all else repeats the name */
export function validateFieldManager(manager: string, field: string): FieldError[] {
  if (manager.length <= MAX_MANAGER_BYTES && isPlain(manager)) return []
  if (byteLength(manager) > MAX_MANAGER_BYTES) return [tooLong(field, MAX_MANAGER_BYTES)]
  const errors: FieldError[] = []
  for (const { 0: character, index } of manager.matchAll(NOT_PRINTABLE)) {
    const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')
    const at = byteLength(manager.slice(0, index))
    errors.push(invalidValue(field, manager, `invalid character U+${code} (at position ${at})`))
  }
  return errors
}

/** Of these only the name itself is looked at, which was made out of a prefix. */
const NAMED_AS_MADE = new Set(['DeviceClass', 'ReplicationController'])

function validateNames(meta: ObjectMeta, descriptor: Described): FieldError[] {
  const rule = descriptor.validateName ?? dns1123Subdomain
  const errors: FieldError[] = []
  if (meta.generateName && !NAMED_AS_MADE.has(descriptor.type.kind ?? '')) {
    errors.push(...invalids('metadata.generateName', meta.generateName, rule(maskTrailingDash(meta.generateName))))
  }
  if (!meta.name) errors.push(required('metadata.name', 'name or generateName is required'))
  else errors.push(...invalids('metadata.name', meta.name, rule(meta.name)))
  if (!descriptor.type.namespaced) {
    if (meta.namespace) errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'))
  } else if (!meta.namespace) errors.push(required('metadata.namespace'))
  else errors.push(...invalids('metadata.namespace', meta.namespace, dns1123Label(meta.namespace)))
  return errors
}

function validateChange(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  // What is named by it is there already: only what no name may have in it is told.
  if (meta.generateName)
    errors.push(...invalids('metadata.generateName', meta.generateName, pathSegmentName(`${meta.generateName}x`)))
  if (old.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter(finalizer => !old.finalizers?.includes(finalizer)).sort()
    if (added.length) {
      const shown = `[]string{${added.map(name => JSON.stringify(name)).join(', ')}}`
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`
      errors.push(forbiddenField('metadata.finalizers', detail))
    }
  }
  if (!meta.resourceVersion) {
    errors.push(invalidValue('metadata.resourceVersion', meta.resourceVersion ?? '', 'must be specified for an update'))
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalidValue('metadata.generation', meta.generation ?? 0, 'must not be decremented'))
  }
  for (const key of IMMUTABLE) {
    if (!semanticEqual(meta[key], old[key])) {
      errors.push(invalidValue(`metadata.${key}`, meta[key] ?? null, 'field is immutable'))
    }
  }
  return errors
}

/**
 * @param meta after name generation
 * @param old the stored metadata, on update
 */
export function validateObjectMeta(meta: ObjectMeta, descriptor: Described, old?: ObjectMeta): FieldError[] {
  const errors = old ? validateChange(meta, old) : validateNames(meta, descriptor)
  if ((meta.generation ?? 0) < 0) {
    errors.push(invalidValue('metadata.generation', meta.generation, 'must be greater than or equal to 0'))
  }
  errors.push(
    ...validateLabels(meta.labels, 'metadata.labels'),
    ...validateAnnotations(meta.annotations, 'metadata.annotations'),
    ...validateOwners(meta.ownerReferences, 'metadata.ownerReferences'),
    ...validateFinalizers(meta.finalizers, 'metadata.finalizers'),
    ...validateManagedFields(meta.managedFields, 'metadata.managedFields'),
  )
  if (!descriptor.custom && !WAITING_FOR_ANYBODY.has(descriptor.type.group ?? ''))
    for (const [i, finalizer] of (meta.finalizers ?? []).entries())
      errors.push(...unknownFinalizer(`metadata.finalizers[${i}]`, finalizer))
  return errors
}

/** Of an object inside another one, which need not have a name. @param path of the metadata */
export function validateEmbeddedMeta(meta: ObjectMeta, path: string): FieldError[] {
  const kind = { type: { namespaced: Boolean(meta.namespace) }, validateName: pathSegmentName, custom: true }
  const errors = validateObjectMeta({ ...meta, name: meta.name || 'fakename' }, kind)
  return errors.map(error => ({ ...error, field: error.field.replace(/^metadata/, () => path) }))
}

/** Anybody may make a custom resource wait, but should say in whose name. @returns what is said of new finalizers */
export function finalizerWarnings({ finalizers = [] }: ObjectMeta, old: ObjectMeta | undefined): string[] {
  const added = [...new Set(finalizers)].filter(finalizer => !old?.finalizers?.includes(finalizer)).sort()
  return added.flatMap(finalizer => {
    const found = qualifiedName(finalizer)
    if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
      const path = finalizer.includes('.') ? ' including a path (/)' : ''
      found.push(
        `prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
      )
    }
    return found.map(text => `metadata.finalizers: ${JSON.stringify(finalizer)}: ${text}`)
  })
}
