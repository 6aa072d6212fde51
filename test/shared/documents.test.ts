// The documents name tests as their proof: each of these is there, and the list of conformance cases is whole.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const documents = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md'].concat(
  readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
)
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
/** Files and folders. */
const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).map(
  name => `test/${name.replaceAll('\\', '/')}`,
)
/** @param pattern a path, in which `*` is part of a name and `**` of a path */
function isThere(pattern: string): boolean {
  const parts = pattern
    .split(/(\*\*?)/)
    .map(part => ({ '*': '[^/]*', '**': '.*' })[part] ?? part.replaceAll('.', '\\.'))
  const expression = new RegExp(`^${parts.join('')}$`)
  return tests.some(path => expression.test(path))
}

/** `a{b,c}d` → `abd`, `acd`. */
function spread(text: string): string[] {
  const [whole, choices] = /\{([^}]*)\}/.exec(text) ?? []
  return whole ? choices!.split(',').flatMap(choice => spread(text.replace(whole, choice))) : [text]
}
const inBackticks = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, inner]) => inner!)
/** Upstream's own tests are in folders of such names as well. */
const UPSTREAM = /^test\/(?:cmd|e2e_node|integration|e2e(?:\/[a-z]+)*)$/

test.each(documents)('%s names only tests that are there', document => {
  const named = inBackticks(read(document)).flatMap(spread)
  const paths = named.filter(name => /^test\/[\w./*{},-]+$/.test(name) && !UPSTREAM.test(name))
  expect(paths.filter(path => !isThere(path.replace(/\/$/, '')))).toEqual([])
  const files = named.filter(name => /^[\w-]+\.test\.ts$/.test(name))
  const names = new Set(tests.map(path => basename(path)))
  expect(files.filter(file => !names.has(file))).toEqual([])
})

describe('docs/conformance.md', () => {
  const text = read('docs/conformance.md')
  /** Title and body of the parts that say how many cases they list. */
  const lists = text
    .split(/^## /m)
    .map(part => /^(.*)\n+(\d+) cases of ([^]*)$/.exec(part))
    .flatMap(match => (match ? [{ title: match[1]!, cases: Number(match[2]), body: match[3]! }] : []))
  const rowsOf = (body: string): string[] =>
    body
      .split(/\n(?=- )|\n\n/)
      .filter(row => row.startsWith('- '))
      .map(row => row.replaceAll(/\s+/g, ' '))

  test.each(lists)('$title lists its $cases cases, each row with the number of those that it stands for', list => {
    const numbers = rowsOf(list.body).map(row => Number(/\((\d+)\) — /.exec(row)?.[1]))
    expect(numbers.reduce((sum, number) => sum + number, 0)).toBe(list.cases)
  })

  test('lists all of the 446 cases, none in two rows', () => {
    expect(text).toContain('446 tests')
    expect(lists.reduce((sum, { cases }) => sum + cases, 0)).toBe(446)
    const rows = lists.flatMap(({ title, body }) => rowsOf(body).map(row => `${title}: ${row.split(' — ')[0]}`))
    expect(rows.filter((row, at) => rows.indexOf(row) !== at)).toEqual([])
  })

  test('quotes titles that the test files have, which it names before them', () => {
    const quotes = [...text.replaceAll(/\s+/g, ' ').matchAll(/`(test\/[\w/.-]+\.test\.ts)`, "([^"]+)"/g)]
    expect(quotes.length).toBeGreaterThan(20)
    expect(quotes.filter(([, file, title]) => !read(file!).includes(title!)).map(([whole]) => whole)).toEqual([])
  })
})
