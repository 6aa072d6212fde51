// What tells the sets of different templates apart: the same for ever, and of the largest template in turns.
import { expect, test } from 'vitest'
import { canonicalJson, hashInPieces, templateHash } from '../../src/main/controllers/support/template-hash.ts'
import { inPieces } from '../support/in-pieces.ts'

const SAFE = 'bcdfghjklmnpqrstvwxz2456789'
const numbers = Array.from({ length: 20_000 }, (_, i) => i)

/** FNV-1a, written down plainly. */
function hashOf(text: string): string {
  const hash = [...new TextEncoder().encode(text)].reduce((h, byte) => Math.imul(h ^ byte, 0x01000193), 0x811c9dc5)
  return [...String(hash >>> 0)].map(digit => SAFE[digit.charCodeAt(0) % SAFE.length]).join('')
}

test('a template keeps the hash that its sets are named after', async () => {
  const template = { spec: { containers: [{ name: 'c', image: 'i' }] }, metadata: { labels: { a: 'b', é: 'c' } } }
  const text = '{"metadata":{"labels":{"a":"b","é":"c"}},"spec":{"containers":[{"image":"i","name":"c"}]}}'
  expect(await templateHash(template, undefined)).toBe(hashOf(text))
  expect(await templateHash(template, 2)).toBe(hashOf(`${text}#2`))
})

test.each([
  ['lists', { spec: { containers: [{ name: 'c', env: numbers.map(i => ({ value: 'é', name: `N${i}` })) }] } }],
  ['maps', { metadata: { labels: Object.fromEntries(numbers.map(i => [`k${i}`, `v${i}`])) }, spec: {} }],
])('others have their turn while the hash of very long %s is made', (_what, template) => {
  const turns = numbers.length / 100
  expect(inPieces(hashInPieces(template, undefined), turns)).toBe(hashOf(canonicalJson(template)))
  expect(inPieces(hashInPieces(template, 1), turns)).toBe(hashOf(`${canonicalJson(template)}#1`))
})
