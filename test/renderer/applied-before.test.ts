// What kubectl remembers of an object, found in its YAML: the editor shows it shut.
import { describe, expect, it } from 'vitest'
import { appliedBefore, lineByLine } from '@/components/code/applied-before.ts'

const folded = (yaml: string) => {
  const range = appliedBefore(yaml)
  return range && yaml.slice(range.from, range.to)
}
const NAME = '    kubectl.kubernetes.io/last-applied-configuration:'

describe('what kubectl remembers', () => {
  it('is a block of lines', () => {
    const block = ' |\n      {"a":1,\n      "b":2}'
    expect(folded(`metadata:\n  annotations:\n${NAME}${block}\n    other: x\nspec: {}\n`)).toBe(block)
  })
  it('is the rest of one line', () => {
    expect(folded(`metadata:\n  annotations:\n${NAME} "{}"\n  name: x\n`)).toBe(' "{}"')
  })
  it('is the last thing in the text', () => {
    expect(folded(`${NAME} |\n      {}`)).toBe(' |\n      {}')
  })
  it('is told line by line, without the sign of a block', () => {
    const lines = (value: string) => {
      const yaml = `metadata:\n  annotations:\n${NAME}${value}\n    other: x\n`
      const range = appliedBefore(yaml)
      return range && lineByLine(yaml, range).map(({ from, to }) => yaml.slice(from, to))
    }
    expect(lines(' |\n      {"a":1,\n      "b":2}')).toEqual(['{"a":1,', '"b":2}'])
    expect(lines(' "{}"')).toEqual(['"{}"'])
  })
  it('is not there, or only spoken of', () => {
    expect(folded('kind: Pod\n')).toBeUndefined()
    expect(folded('note: see kubectl.kubernetes.io/last-applied-configuration: it is long\n')).toBeUndefined()
  })
})
