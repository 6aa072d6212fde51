import { describe, expect, it } from 'vitest'
import { plainFacts } from '@/drawer/plain-facts.ts'

const factsOf = (spec: object) =>
  Object.fromEntries(plainFacts({ apiVersion: 'example.dev/v1', kind: 'Boat', metadata: {}, spec } as never))

describe('the facts of a kind that nothing is known of', () => {
  it('tell the entries of a list that have no names, each in a line', () => {
    const rules = [
      { port: 80, hosts: ['a', 'b'], to: { kind: 'Dock', at: { row: 1 } } },
      { port: 443, secure: true },
    ]
    expect(factsOf({ rules })).toEqual({
      rules: 'port: 80, hosts: [a, b], to: {kind: Dock, at: {row: 1}}\nport: 443, secure: true',
    })
  })
  it('call the entries of a list by their names', () =>
    expect(factsOf({ crew: [{ name: 'ada', age: 3 }, { name: 'bo' }] })).toEqual({ crew: 'ada\nbo' }))

  it('tell what lies deep in a line, cut where it is long', () => {
    const facts = factsOf({ a: { b: { c: { d: { e: 1, f: null } } } }, long: [{ text: 'x'.repeat(1000) }] })
    expect(facts['a.b.c.d']).toBe('e: 1, f: null')
    expect(String(facts['long'])).toMatch(/^text: x{234}…$/)
  })
})
