// The keys chosen in this browser, for whoever asks what a key means or shows one.
import { useLocalStorage } from '@vueuse/core'
import { type KeyChanges, keyOf, shownKey } from './key-changes.ts'

export const keyChanges = useLocalStorage<KeyChanges>('flotilla.keys', {})

const mod = typeof navigator !== 'undefined' && navigator.platform.startsWith('Mac') ? '⌘' : 'Ctrl'
/** The key of a command as it is shown, by the command's own key. Reactive. */
export const shownKeyOf = (own: string): string => shownKey(keyOf(own, keyChanges.value), mod)
export const showPressed = (pressed: string): string => shownKey(pressed, mod)
