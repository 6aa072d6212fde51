// What every field of a form needs of the form around it.
import { type Component, type InjectionKey, type Ref, inject } from 'vue'
import type { Path } from './form-text.ts'

export interface FormContext {
  readonly set: (path: Path, value: unknown) => void
  readonly remove: (path: Path) => void
  readonly rename: (path: Path, key: string) => void
  readonly valueAt: (path: Path) => unknown
  /** What the server finds wrong, by its name of the field. */
  readonly problems: Ref<ReadonlyMap<string, string>>
  readonly namespaces: Ref<readonly string[]>
  /** Objects of its kind are in namespaces. */
  readonly namespaced: Ref<boolean>
  /** The object exists: its name and namespace stay. */
  readonly exists: Ref<boolean>
  /** Draws a field of any shape: objects and lists hold fields in turn. */
  readonly node: Component
}

export const FORM: InjectionKey<FormContext> = Symbol('form')

export function useForm(): FormContext {
  const form = inject(FORM)
  if (!form) throw new Error('a field stands outside of a form')
  return form
}
