// Reads a configuration file field by field: what is not understood is refused with its path, rather than ignored.
import { isObject, type JsonObject } from '../../../shared/machinery/json-object.ts'

/** A map of the file, with where it stands. */
export interface Section {
  readonly path: string
  readonly value: JsonObject
}

const at = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)

/** @throws Error when the section has other fields */
export function only({ path, value }: Section, ...names: readonly string[]): void {
  const unknown = Object.keys(value).find(name => !names.includes(name))
  if (unknown !== undefined) throw new Error(`unknown field "${at(path, unknown)}"`)
}

const absent = (value: unknown): value is undefined | null => value === undefined || value === null

export function section({ path, value }: Section, name: string): Section | undefined {
  const found = value[name]
  if (absent(found)) return undefined
  if (!isObject(found)) throw new Error(`${at(path, name)} must be a map`)
  return { path: at(path, name), value: found }
}

export function sections({ path, value }: Section, name: string): Section[] {
  const found = value[name]
  if (absent(found)) return []
  if (!Array.isArray(found)) throw new Error(`${at(path, name)} must be a list`)
  return found.map((item: unknown, i) => {
    if (!isObject(item)) throw new Error(`${at(path, name)}[${i}] must be a map`)
    return { path: `${at(path, name)}[${i}]`, value: item }
  })
}

export function text({ path, value }: Section, name: string): string | undefined {
  const found = value[name]
  if (absent(found)) return undefined
  if (typeof found !== 'string') throw new Error(`${at(path, name)} must be a text`)
  return found
}

export function neededText(given: Section, name: string): string {
  const found = text(given, name)
  if (!found) throw new Error(`${at(given.path, name)} is needed`)
  return found
}

export function texts({ path, value }: Section, name: string): string[] {
  const found = value[name]
  if (absent(found)) return []
  if (!Array.isArray(found) || !found.every(item => typeof item === 'string'))
    throw new Error(`${at(path, name)} must be a list of texts`)
  return found
}

export function flag({ path, value }: Section, name: string): boolean {
  const found = value[name]
  if (absent(found)) return false
  if (typeof found !== 'boolean') throw new Error(`${at(path, name)} must be true or false`)
  return found
}

export function integer({ path, value }: Section, name: string, least: number, most: number): number | undefined {
  const found = value[name]
  if (absent(found)) return undefined
  if (!Number.isSafeInteger(found) || (found as number) < least || (found as number) > most)
    throw new Error(`${at(path, name)} must be a whole number from ${least} to ${most}`)
  return found as number
}

export function oneOf<T extends string>(given: Section, name: string, known: readonly T[]): T | undefined {
  const found = text(given, name)
  if (found === undefined) return undefined
  const match = known.find(each => each === found)
  if (match === undefined) throw new Error(`${at(given.path, name)} must be one of ${known.join(', ')}, not "${found}"`)
  return match
}
