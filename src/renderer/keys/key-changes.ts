// Keys that the user gave to commands in place of their own. A command goes by its own key (`l`, `mod+k`), whatever is
// pressed for it. Pure.

/** A command's own key → the one chosen for it. */
export type KeyChanges = Readonly<Record<string, string>>

/** What leads through the window everywhere keeps its meaning. */
const RESERVED = new Set([
  ...['', 'Escape', 'Tab', 'Enter', 'F6', 'F10', 'ContextMenu', 'Control', 'Shift', 'Alt', 'AltGraph', 'Meta', 'Dead'],
  ...['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown', 'j', 'k', 'd'],
  ...['mod+c', 'mod+v', 'mod+x', 'mod+z', 'mod+a', 'mod+[', 'mod+]', 'mod+w', 'mod+q', 'mod+r', 'mod+t', 'mod+n'],
])
export const isReserved = (pressed: string): boolean => RESERVED.has(pressed)

/** @returns the command's own key; '' for a key that a command has given away */
export function meantBy(pressed: string, changes: KeyChanges): string {
  const found = Object.entries(changes).find(([, chosen]) => chosen === pressed)
  if (found) return found[0]
  return Object.hasOwn(changes, pressed) ? '' : pressed
}

export const keyOf = (own: string, changes: KeyChanges): string =>
  Object.hasOwn(changes, own) ? (changes[own] ?? own) : own

/** @param commands own keys of all commands @returns the one that has the key already */
export const takenBy = (pressed: string, commands: readonly string[], changes: KeyChanges): string | undefined =>
  commands.find(own => keyOf(own, changes) === pressed)

/** @returns without an entry where the key is the command's own */
export function withKey(own: string, pressed: string, changes: KeyChanges): KeyChanges {
  const { [own]: _, ...rest } = changes
  return pressed === own ? rest : { ...rest, [own]: pressed }
}

/** As it is shown: `Ctrl K`, `Space`, `?`. @param mod what the system calls the modifier */
export function shownKey(key: string, mod: string): string {
  const [, modified] = /^mod\+(.+)$/.exec(key) ?? []
  if (modified !== undefined) return `${mod} ${modified.toUpperCase()}`
  return key === ' ' ? 'Space' : key
}
