// Which texts of a list fit where they stand, and so are not cut.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** A font whose characters are ten pixels wide, `W` twenty. */
const context = { font: '', measureText: (text: string) => ({ width: text === 'W' ? 20 : 10 }) }

describe('fits()', () => {
  let fits: typeof import('@/components/resource/text-room.ts').fits
  const getContext = vi.spyOn(HTMLCanvasElement.prototype, 'getContext')
  beforeEach(async () => {
    getContext.mockReturnValue(context as never)
    vi.resetModules()
    ;({ fits } = await import('@/components/resource/text-room.ts'))
  })
  afterEach(() => getContext.mockClear())

  it('adds up characters, with a little to spare for what they do beside each other', () => {
    expect(fits('abcd', 'plain', 42)).toBe(true)
    expect(fits('abcd', 'plain', 41)).toBe(false)
    expect(fits('abcW', 'plain', 42)).toBe(false)
    expect(fits('', 'plain', 0)).toBe(true)
  })

  it('measures a character of a font once', () => {
    for (let round = 0; round < 3; round++) fits('aaab', 'strong', 1000)
    expect(getContext).toHaveBeenCalledTimes(2)
  })

  it('knows nothing of other scripts, signs that are not seen, and pages without a canvas', () => {
    expect(fits('ünïcode – …', 'plain', 1000)).toBe(true)
    for (const text of ['船', 'مرحبا', '🚢', 'a\nb', '\u202e']) expect(fits(text, 'plain', 1000)).toBe(false)
    getContext.mockReturnValue(null)
    expect(fits('z', 'plain', 1000)).toBe(false)
  })

  it('fits nothing where the room is not known', () => expect(fits('a', 'plain', 0)).toBe(false))
})
