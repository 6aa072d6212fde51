// However much is to be said of a request, clients can read its answer's headers.
import { describe, expect, test } from 'vitest'
import { Warnings } from '../../../src/main/apiserver/http/warnings.ts'

const headersOf = (...texts: string[]) => {
  const warnings = new Warnings()
  for (const text of texts) warnings.add(text)
  return warnings.headers
}

describe('Warnings', () => {
  test('tells each text once, in order, and nothing of none', () => {
    expect(headersOf('b', 'a', '', 'b')).toEqual(['299 - "b"', '299 - "a"'])
    expect(headersOf()).toEqual([])
  })
  test('quotes what would end the text, and sends other characters as UTF-8', () => {
    expect(headersOf('say "ä"\n\\')).toEqual([`299 - "say \\"${Buffer.from('ä').toString('latin1')}\\" \\\\"`])
  })
  test('keeps long texts whole while there is room for all', () => {
    expect(headersOf('x'.repeat(4096))).toEqual([`299 - "${'x'.repeat(4096)}"`])
  })
  test('cuts every text once there is none, those before as well', () => {
    expect(headersOf('x'.repeat(4000), 'y'.repeat(300))).toEqual([
      `299 - "${'x'.repeat(256)}"`,
      `299 - "${'y'.repeat(256)}"`,
    ])
  })
  test('cuts between characters, however many units they take', () => {
    expect(headersOf('😀'.repeat(5000))).toEqual([`299 - "${Buffer.from('😀'.repeat(256)).toString('latin1')}"`])
  })
  test('ends once those that are cut are as many', () => {
    const texts = Array.from({ length: 12_000 }, (_, i) => `unknown field "spec.list[${i}].no"`)
    const headers = headersOf(...texts)
    expect(headers).toEqual(texts.slice(0, headers.length).map(text => `299 - "${text.replaceAll('"', '\\"')}"`))
    expect(headers.join('').length).toBeLessThan(8 * 1024)
    expect(texts.slice(0, headers.length).join('').length).toBeGreaterThanOrEqual(4096)
  })
})
