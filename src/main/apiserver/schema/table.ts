// The facts of every API type, generated from the official OpenAPI document into types.json.
import { flotillaTypes } from './flotilla-types.ts'
import { schedulingTypes } from './scheduling-types.ts'
import table from './types.json' with { type: 'json' }
import type { FieldFact, TypeFact } from './facts.ts'

export const schemaTypes: Readonly<Record<string, TypeFact>> = {
  ...(table as unknown as Readonly<Record<string, TypeFact>>),
  ...flotillaTypes,
  ...schedulingTypes,
}

const byKind = new Map<string, string>()
for (const [id, { gvk }] of Object.entries(schemaTypes))
  if (gvk) byKind.set(`${gvk[0] ? `${gvk[0]}/` : ''}${gvk[1]} ${gvk[2]}`, id)

/** @returns the id of a top-level type; undefined for a kind that the table does not hold */
export const schemaIdOf = (apiVersion: unknown, kind: unknown): string | undefined =>
  byKind.get(`${String(apiVersion)} ${String(kind)}`)

/** @throws Error for an id that the table does not hold: a programming error */
export function typeFact(schemaId: string): TypeFact {
  const fact = Object.hasOwn(schemaTypes, schemaId) ? schemaTypes[schemaId] : undefined
  if (!fact) throw new Error(`no schema for ${schemaId}`)
  return fact
}

/** @returns the type that a `ref` means. */
export const typeOfFact = (fact: FieldFact | undefined): TypeFact => fact?.s ?? typeFact(fact?.r ?? '')

/** @returns the fact of a field, never that of an inherited property. */
export const fieldFact = (type: TypeFact, name: string): FieldFact | undefined =>
  Object.hasOwn(type.fields, name) ? type.fields[name] : type.rest

/** @returns the fact of what a map or a list holds. */
export const itemFact = (fact: FieldFact | undefined): FieldFact | undefined => (fact?.t === 'deduced' ? fact : fact?.i)

/** @returns `Pod` for `core.v1.Pod`. */
export const typeName = (schemaId: string): string => schemaId.slice(schemaId.lastIndexOf('.') + 1)
