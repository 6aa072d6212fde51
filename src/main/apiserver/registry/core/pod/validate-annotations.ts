// Annotations of a pod that mean something: what it was made as, it stays, and what they say agrees with its fields.
import type { AppArmorProfile, Pod, PodSpec, SeccompProfile } from '../../../../../shared/api/core/v1.ts'
import type { ObjectMeta } from '../../../../../shared/api/meta/v1.ts'
import { DELETION_COST, deletionCost } from '../../../../../shared/machinery/deletion-cost.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../../../shared/machinery/field-error.ts'
import { quote } from '../../../../../shared/machinery/go-quote.ts'
import { entries, list, lookup, sortedEntries } from '../../support/collections.ts'
import { APP_ARMOR } from './app-armor-annotations.ts'
import { descendingPath } from './paths.ts'

const MIRROR = 'kubernetes.io/config.mirror'
export const SECCOMP_OF_POD = 'seccomp.security.alpha.kubernetes.io/pod'
export const SECCOMP_OF_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
const LOCALHOST = 'localhost/'
const RUNTIME_DEFAULT = 'runtime/default'
const UNCONFINED = 'unconfined'
/** What the runtime's own profile for system calls was called when there was one runtime. */
const DOCKER_DEFAULT = 'docker/default'

type Annotations = ObjectMeta['annotations']

const at = (key: string) => `metadata.annotations[${key}]`

/** What the annotation is called in a refusal, when it is one that stays. */
function keptAs(key: string): string | undefined {
  if (key === MIRROR) return 'mirror pod annotation'
  return key.startsWith(APP_ARMOR) ? 'AppArmor annotations' : undefined
}

const containersOf = (path: string, spec: PodSpec) =>
  (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap(field =>
    list<{ name: string; securityContext?: PodSpec['containers'][number]['securityContext'] }>(spec[field]).map(
      (container, i) => ({ container, path: `${path}.${field}[${i}].securityContext` }),
    ),
  )

function seccompErrors(path: string, profile: string): FieldError[] {
  if ([RUNTIME_DEFAULT, DOCKER_DEFAULT, UNCONFINED].includes(profile)) return []
  return profile.startsWith(LOCALHOST)
    ? descendingPath(path, profile.slice(LOCALHOST.length))
    : [invalidValue(path, profile, 'must be a valid seccomp profile')]
}

function appArmorErrors(path: string, container: string, profile: string, isThere: boolean): FieldError[] {
  const errors = isThere ? [] : [invalidValue(path, container, 'container not found')]
  if (!['', RUNTIME_DEFAULT, UNCONFINED].includes(profile) && !profile.startsWith(LOCALHOST))
    errors.push(invalidValue(path, profile, `invalid AppArmor profile name: ${quote(profile)}`))
  return errors
}

/** What annotations say, whatever the pod's fields say. @param path of the annotations */
function valueErrors(path: string, given: readonly (readonly [string, string])[], spec: PodSpec): FieldError[] {
  let names: ReadonlySet<string> | undefined
  const isThere = (name: string) =>
    (names ??= new Set(containersOf(path, spec).map(({ container }) => container.name))).has(name)
  return given.flatMap(([key, value]) => {
    const where = `${path}[${key}]`
    if (key === DELETION_COST)
      return deletionCost(value) === undefined ? [invalidValue(where, value, 'must be a 32bit integer')] : []
    if (key === SECCOMP_OF_POD || key.startsWith(SECCOMP_OF_CONTAINER)) return seccompErrors(`${path}.${key}`, value)
    if (!key.startsWith(APP_ARMOR)) return []
    const container = key.slice(APP_ARMOR.length)
    return appArmorErrors(where, container, value, isThere(container))
  })
}

const mirrorErrors = (path: string, annotations: Annotations, spec: PodSpec): FieldError[] => {
  const mirrored = lookup(annotations, MIRROR)
  return mirrored !== undefined && !spec.nodeName
    ? [invalidValue(`${path}[${MIRROR}]`, mirrored, 'must set spec.nodeName if mirror pod annotation is set')]
    : []
}

/** Of a template or of a pod that is new. @param path of the annotations */
export const annotationErrors = (path: string, annotations: Annotations, spec: PodSpec): FieldError[] => [
  ...mirrorErrors(path, annotations, spec),
  ...valueErrors(path, sortedEntries(annotations), spec),
]

/** @param names annotations that stand for a profile of the field's type */
function disagreement(
  path: string,
  what: string,
  annotation: string | undefined,
  field: SeccompProfile | AppArmorProfile | undefined,
  names: Readonly<Record<string, readonly string[]>>,
): FieldError[] {
  if (annotation === undefined || !field) return []
  if (field.type !== 'Localhost') {
    const allowed = lookup(names, field.type)
    return !allowed || allowed.includes(annotation)
      ? []
      : [forbiddenField(`${path}.type`, `${what} type in annotation and field must match`)]
  }
  if (!annotation.startsWith(LOCALHOST))
    return [forbiddenField(`${path}.type`, `${what} type in annotation and field must match`)]
  return annotation.slice(LOCALHOST.length) === field.localhostProfile
    ? []
    : [forbiddenField(`${path}.localhostProfile`, `${what} profile in annotation and field must match`)]
}

const SECCOMP = { RuntimeDefault: [RUNTIME_DEFAULT, DOCKER_DEFAULT], Unconfined: [UNCONFINED] }
const APP_ARMOR_NAMES = { RuntimeDefault: [RUNTIME_DEFAULT], Unconfined: [UNCONFINED] }

/** Where both an annotation and a field say it, both say the same. @param path of the spec */
export function profilesThatDiffer(path: string, annotations: Annotations, spec: PodSpec): FieldError[] {
  if (!annotations) return []
  const containers = containersOf(path, spec)
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {}
  const seccomp = (where: string, key: string, field: SeccompProfile | undefined) =>
    disagreement(`${where}.seccompProfile`, 'seccomp', lookup(annotations, key), field, SECCOMP)
  return [
    ...seccomp(`${path}.securityContext`, SECCOMP_OF_POD, seccompProfile),
    ...containers.flatMap(({ container: { name, securityContext }, path: where }) =>
      seccomp(where, SECCOMP_OF_CONTAINER + name, securityContext?.seccompProfile),
    ),
    ...containers.flatMap(({ container: { name, securityContext }, path: where }) => {
      if (spec.os?.name === 'windows') return []
      const field = securityContext?.appArmorProfile ?? appArmorProfile
      const annotation = lookup(annotations, APP_ARMOR + name)
      return disagreement(`${where}.appArmorProfile`, 'apparmor', annotation, field, APP_ARMOR_NAMES)
    }),
  ]
}

/** A mirror pod refers to nothing because it is one, and who could end that could have it refer to something. */
export function annotationUpdateErrors(pod: Pod, old: Pod): FieldError[] {
  const [now, before] = [pod.metadata.annotations, old.metadata.annotations]
  const refuse = (key: string, verb: string) => {
    const kept = keptAs(key)
    return kept ? [forbiddenField(at(key), `may not ${verb} ${kept}`)] : []
  }
  return [
    ...entries(before).flatMap(([key, value]) => (lookup(now, key) === value ? [] : refuse(key, 'remove or update'))),
    ...entries(now).flatMap(([key]) => (lookup(before, key) === undefined ? refuse(key, 'add') : [])),
    ...mirrorErrors('metadata.annotations', now, pod.spec),
    // What a stored pod says already must not keep it from changing and from going.
    ...valueErrors(
      'metadata.annotations',
      sortedEntries(now).filter(([key, value]) => lookup(before, key) !== value),
      pod.spec,
    ),
  ]
}
