// YAML as it is read: where it is wrong, and how much of it.
import { expect, it } from 'vitest'
import { parseObjects, parseYamlDocuments, yamlProblems } from '@/api/yaml-text.ts'

const problems = (text: string) =>
  yamlProblems(parseYamlDocuments(text)).map(({ from, to, message }) => [text.slice(from, to), message])

it('a key that stands twice in one map is told where it does, as is what is no YAML, in the order of the text', () => {
  expect(problems('a: 1\nb: {c: 1}\n---\nd: {c: 1, e: 2, c: 3}\nd: [')).toEqual([
    ['c', 'Map keys must be unique at line 4, column 17'],
    ['d', 'Map keys must be unique at line 5, column 1'],
    ['', 'Flow sequence in block collection must be sufficiently indented and end with a ] at line 5, column 5'],
  ])
  expect(problems('a: 1\nb: {a: 1}\n---\na: 1\n"1": 2\n1: 3')).toEqual([])
  expect(() => parseObjects('kind: Pod\nkind: Pod\napiVersion: v1')).toThrow('unique at line 2, column 1')
})

it('nothing is read of what is empty or a remark, and what has no kind is refused', () => {
  expect(parseObjects('')).toEqual([])
  expect(parseObjects('# none\n---\n---\napiVersion: v1\nkind: Pod\n---\n')).toEqual([
    { apiVersion: 'v1', kind: 'Pod' },
  ])
  expect(() => parseObjects('text')).toThrow('Every document needs apiVersion and kind.')
})

it('a map of very many keys is read in time that grows with them, not with their square', () => {
  const keys = Array.from({ length: 30_000 }, (_, n) => `  key${n}: ${n}\n`)
  const [map] = parseObjects(`apiVersion: v1\nkind: ConfigMap\ndata:\n${keys.join('')}`)
  expect(Object.keys((map as unknown as { data: object }).data)).toHaveLength(30_000)
})
