// Keys. A binding is `mod+k` (Ctrl or Cmd), or the plain key; plain keys but F1 to F12 rest while the user types.
import { onScopeDispose } from 'vue'
import { keyChanges } from '../keys/chosen-keys.ts'
import { meantBy } from '../keys/key-changes.ts'

/** One that returns false leaves the key to others. */
export type Hotkeys = Readonly<Record<string, (event: KeyboardEvent) => unknown>>

export const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)) &&
  !(target instanceof HTMLInputElement && target.type === 'checkbox')

const isMac = typeof navigator !== 'undefined' && navigator.platform.startsWith('Mac')

/** What was pressed, as bindings are written. */
export function pressedKey(event: KeyboardEvent): string {
  const key = event.key.length === 1 && (event.ctrlKey || event.metaKey) ? event.key.toLowerCase() : event.key
  if (isMac ? event.metaKey : event.ctrlKey) return `mod+${key}`
  return event.altKey || event.metaKey || event.ctrlKey ? '' : key
}

/** The binding that an event stands for, whichever key the user gave it. */
export const bindingOf = (event: KeyboardEvent): string => meantBy(pressedKey(event), keyChanges.value)

/** Active while the component lives; an open dialog keeps the keys to itself. */
export function useHotkeys(keys: Hotkeys): void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return
    const binding = bindingOf(event)
    const run = keys[binding]
    if (!run) return
    const isPlain = !/^(mod\+|F\d)/.test(pressedKey(event))
    if (isPlain && (isTyping(event.target) || document.querySelector('[role="dialog"][data-modal], [role="menu"]')))
      return
    if (run(event) !== false) event.preventDefault()
  }
  window.addEventListener('keydown', onKey)
  onScopeDispose(() => window.removeEventListener('keydown', onKey))
}
