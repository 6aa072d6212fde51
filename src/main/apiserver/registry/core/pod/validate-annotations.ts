// Annotations of a pod that mean something: what it was made as, it stays.
import type { Pod } from '../../../../../shared/api/core/v1.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../../../shared/machinery/field-error.ts'
import { entries, lookup } from '../../support/collections.ts'
import { APP_ARMOR } from './app-armor-annotations.ts'

const MIRROR = 'kubernetes.io/config.mirror'

const at = (key: string) => `metadata.annotations[${key}]`

/** What the annotation is called in a refusal, when it is one that stays. */
function keptAs(key: string): string | undefined {
  if (key === MIRROR) return 'mirror pod annotation'
  return key.startsWith(APP_ARMOR) ? 'AppArmor annotations' : undefined
}

export function annotationErrors({ metadata: { annotations }, spec }: Pod): FieldError[] {
  const mirrored = lookup(annotations, MIRROR)
  return mirrored !== undefined && !spec.nodeName
    ? [invalidValue(at(MIRROR), mirrored, 'must set spec.nodeName if mirror pod annotation is set')]
    : []
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
  ]
}
