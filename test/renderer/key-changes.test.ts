// Keys that the user gave to commands.
import { describe, expect, it } from 'vitest'
import { isReserved, keyOf, meantBy, shownKey, takenBy, withKey } from '@/keys/key-changes.ts'

describe('changed keys', () => {
  const changes = withKey('mod+k', 'mod+p', withKey('l', 'g', {}))
  it('stand for their command; its own key means nothing any more', () => {
    expect(meantBy('g', changes)).toBe('l')
    expect(meantBy('mod+p', changes)).toBe('mod+k')
    expect(meantBy('l', changes)).toBe('')
    expect(meantBy('s', changes)).toBe('s')
  })
  it('can be handed on: a key given away is free for another command', () => {
    expect(takenBy('l', ['l', 'p'], changes)).toBeUndefined()
    const both = withKey('p', 'l', changes)
    expect(meantBy('l', both)).toBe('p')
    expect(takenBy('l', ['l', 'p'], both)).toBe('p')
  })
  it('are forgotten where they are the command’s own again', () =>
    expect(withKey('l', 'l', changes)).toEqual({ 'mod+k': 'mod+p' }))
  it('are shown as people read them', () => {
    expect(shownKey(keyOf('mod+k', changes), 'Ctrl')).toBe('Ctrl P')
    expect(shownKey(' ', 'Ctrl')).toBe('Space')
    expect(shownKey('mod+,', '⌘')).toBe('⌘ ,')
  })
  it.each(['Escape', 'Tab', 'ArrowDown', 'Enter', 'mod+c', ''])('%j keeps its meaning', key =>
    expect(isReserved(key)).toBe(true),
  )
})
