// A starter says `example` where most objects say their own name: in labels, selectors, the name of a service. Those
// places follow the name that is typed, each until somebody writes something else there. Pure.
import { isObject } from '../../shared/machinery/json-object.ts'
import { type Path, readForm, setAt, valueAt } from './form-text.ts'

export const PLACEHOLDER = 'example'

/** Where the placeholder stands. */
export function placesOf(value: unknown, path: Path = []): Path[] {
  if (value === PLACEHOLDER) return [path]
  if (Array.isArray(value)) return value.flatMap((each: unknown, index) => placesOf(each, [...path, index]))
  return isObject(value) ? Object.entries(value).flatMap(([key, each]) => placesOf(each, [...path, key])) : []
}

/** @param from what the places said before; one that says something else is let be */
export function followName(text: string, places: readonly Path[], from: string, to: string): string {
  const object = readForm(text)
  return places.filter(path => valueAt(object, path) === from).reduce((changed, path) => setAt(changed, path, to), text)
}
