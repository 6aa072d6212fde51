// What most kinds do on create and update: the status belongs to the status subresource, the generation to the server.
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import type { KubeObject } from '../../../../shared/machinery/object.ts'
import type { FieldError } from '../../../../shared/machinery/field-error.ts'
import type { KeptMetadata, WriteStrategy } from '../resource.ts'
import { oneMore } from '../../../../shared/machinery/whole-number.ts'

type Fields = Record<string, unknown>
const fieldsOf = (object: KubeObject): Fields => object as unknown as Fields

/** Go prints struct-typed `spec` and `status` even when nobody set them: absent ones become `{}`. */
export function ensureStructs(object: KubeObject, ...names: string[]): void {
  const fields = fieldsOf(object)
  for (const name of names) fields[name] ??= {}
}

/** Takes a field over from the old object, or drops it when the old one has none. */
export function keepField(object: KubeObject, old: KubeObject, name: string): void {
  const before = fieldsOf(old)[name]
  if (before === undefined) delete fieldsOf(object)[name]
  else fieldsOf(object)[name] = before
}

/** Create: whatever the client put into `status` goes; `initial` stands for the fields that Go always prints. */
export const clearStatus = (object: KubeObject, initial: Fields = {}): void => {
  fieldsOf(object)['status'] = { ...initial }
}

export const startGeneration = (object: KubeObject): void => {
  object.metadata.generation = 1
}

/** Update of the main resource: the status stays what it was. */
export const keepStatus = (object: KubeObject, old: KubeObject): void => keepField(object, old, 'status')

/** The generation counts changes of the named fields; clients cannot set it. */
export function bumpGeneration(object: KubeObject, old: KubeObject, ...names: string[]): void {
  const changed = (names.length ? names : ['spec']).some(
    name => !deepEqual(fieldsOf(object)[name], fieldsOf(old)[name]),
  )
  const before = old.metadata.generation ?? 0
  const generation = changed ? oneMore(before) : before
  if (generation > 0) object.metadata.generation = generation
  else delete object.metadata.generation
}

/** The usual pair for a kind with spec, status and generation. */
export const specAndStatus = (initialStatus: Fields = {}) => ({
  prepareForCreate: (object: KubeObject) => {
    clearStatus(object, initialStatus)
    startGeneration(object)
  },
  prepareForUpdate: (object: KubeObject, old: KubeObject) => {
    keepStatus(object, old)
    bumpGeneration(object, old)
  },
})

/** The usual pair for a kind without status whose spec is counted. */
export const generationOnly = (...names: string[]) => ({
  prepareForCreate: startGeneration,
  prepareForUpdate: (object: KubeObject, old: KubeObject) => bumpGeneration(object, old, ...names),
})

/** The usual pair for a kind with a status but without generation. */
export const statusOnly = (initialStatus: Fields = {}) => ({
  prepareForCreate: (object: KubeObject) => clearStatus(object, initialStatus),
  prepareForUpdate: keepStatus,
})

export const METADATA_OF_OBJECT: readonly KeptMetadata[] = ['labels', 'annotations', 'finalizers', 'ownerReferences']

/** The `status` subresource of kinds that let it change nothing else, not even metadata, or not all of it. */
export const bareStatusStrategy = <T extends KubeObject>(
  validateUpdate?: (object: T, old: T) => FieldError[],
  keptMetadata = METADATA_OF_OBJECT,
): WriteStrategy<T> => {
  const strategy = statusStrategy(validateUpdate)
  return {
    ...strategy,
    keptMetadata,
    prepareForUpdate: (object, old) => {
      strategy.prepareForUpdate?.(object, old)
      for (const name of keptMetadata) {
        if (old.metadata[name] === undefined) delete object.metadata[name]
        else Object.assign(object.metadata, { [name]: old.metadata[name] })
      }
    },
  }
}

/** Who writes a status writes nothing else. */
export function keepSpec(object: KubeObject, old: KubeObject): void {
  keepField(object, old, 'spec')
  if (old.metadata.generation !== undefined) object.metadata.generation = old.metadata.generation
}

/** The `status` subresource: only the status and metadata change. */
export const statusStrategy = <T extends KubeObject>(
  validateUpdate?: (object: T, old: T) => FieldError[],
): WriteStrategy<T> => ({
  prepareForUpdate: keepSpec,
  ...(validateUpdate ? { validateUpdate } : {}),
})
