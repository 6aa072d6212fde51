// Marks an element as one that raises the question why: one tip for the whole window tells it of what is pointed at.
import type { ObjectRef } from '../world/world.ts'

export interface Asked {
  readonly about: ObjectRef
  /** Told until, or unless, the cause is found. */
  readonly fallback: string
}

/** Attributes of the element; the leading dot makes Vue keep what is asked as a property. */
export const asks = (asked: Asked): Readonly<Record<string, unknown>> => ({
  'data-asks': '',
  '.asked': asked,
  title: '',
})

/** What the element, or one around it, asks. */
export function askedAt(target: EventTarget | null): { element: HTMLElement; asked: Asked } | undefined {
  const element = target instanceof Element ? target.closest<HTMLElement & { asked?: Asked }>('[data-asks]') : undefined
  return element?.asked && { element, asked: element.asked }
}
