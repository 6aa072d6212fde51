// Regular expressions of users: RE2's syntax and answers, in linear time. What is expected is what Go answers.
import { describe, expect, test } from 'vitest'
import { atOnce } from '../../../src/main/pieces/pacer.ts'
import { compilePattern } from '../../../src/shared/machinery/pattern/pattern.ts'
import { PatternError } from '../../../src/shared/machinery/pattern/syntax.ts'
import { randomFrom } from '../../support/random.ts'

const found = (pattern: string, text: string, limit?: number) =>
  atOnce(compilePattern(pattern).findAllInTurns(text, limit))

describe('patterns of users', () => {
  test('match in linear time what would make a backtracking engine hang', () => {
    const startMs = performance.now()
    expect(compilePattern('^([a-z0-9]+)*$').test(`${'a'.repeat(50_000)}!`)).toBe(false)
    expect(performance.now() - startMs).toBeLessThan(5000)
  })
  test('count repetitions', () => {
    const label = compilePattern('^[a-z]{2,4}(-[0-9]{1,3}){0,2}$')
    expect(['ab', 'abcd-1', 'abc-1-999'].map(text => label.test(text))).toEqual([true, true, true])
    expect(['a', 'abcde', 'ab-1-2-3', 'ab-'].map(text => label.test(text))).toEqual([false, false, false, false])
  })
  test('that count and are lazy still count', () => {
    expect(['', 'a', 'aa', 'aaaaa'].map(text => compilePattern('^a{2,4}?$').test(text))).toEqual([
      false,
      false,
      true,
      false,
    ])
    expect(['', 'ab', 'abab'].map(text => compilePattern('^(ab){2,}?$').test(text))).toEqual([false, false, true])
    expect(found('a{1,3}?', 'aaa', 1)).toEqual(['a'])
    expect(found('a{1,3}', 'aaa', 1)).toEqual(['aaa'])
  })
  test.each([
    ['^(?i)(abort|warn)?$', ['abort', 'WARN', 'Abort', ''], ['stop', 'aborts']],
    ['^((?i)january|may|1[0-2])x$', ['MAYx', 'Januaryx', '12x'], ['mayX', '13x']],
    ['^(?i:a)b$', ['Ab', 'ab'], ['aB']],
    ['(?i)^[b-y_-]+$', ['B-Y_', 'by', '\u212a', '\u017f'], ['az', 'A', '{']],
    ['^(?i)[a-z]([-a-z0-9]*[a-z0-9])?$', ['Aa-9', 'Z'], ['a-', '-a', 'a_a']],
    ['(?i)^[^a-c]$', ['d', 'D'], ['a', 'B']],
    ['(?i)^[\\w.-]$', ['a', 'D', '.', '-'], ['+']],
    ['(?i)^[Y-\\]]$', ['y', 'Y', 'z', '\\', ']'], ['x', '^']],
    ['(?i)^\\.?[a-z_][a-z_0-9]*(?-i)z{2}$', ['.Ab_9zz'], ['.Ab_9ZZ', '9zz']],
    ['(?s)^a.b$', ['a\nb'], ['ab']],
    ['(?i)é', ['É'], ['e']],
    ['(?i)^\\S[a]$', ['xA'], [' a', 'xb']],
    ['(?m)^b$', ['a\nb\nc'], ['a\nbc']],
    ['^(?m)b', ['b', 'b\na'], ['a\nb']],
    ['(?m:^a)$', ['a', 'b\na'], ['a\nb', 'ba']],
    ['(?i)^\\x41[σ]$', ['aΣ', 'Aς'], ['bσ']],
  ])('take flags up to the end of their group: %s', (pattern, fitting, others) => {
    const regex = compilePattern(pattern)
    expect(fitting.filter(text => !regex.test(text))).toEqual([])
    expect(others.filter(text => regex.test(text))).toEqual([])
  })
  test.each([
    ['^[[:alpha:]_][[:alnum:]_-]*$', ['a', '_9', 'A-b'], ['9', 'é', '-']],
    ['^[^[:space:][:punct:]]+$', ['aé9'], ['a b', 'a.b', 'a]b', 'a\\']],
    ['^[[:^digit:]]$', ['a', 'é', ':'], ['7']],
    ['^(?i)[[:lower:]]$', ['a', 'A'], ['1']],
    ['^[\\x{2f}\\a]\\x{41}$', ['/A', '\u0007A'], ['A', '//']],
    ['^\\S+\\s\\S$', ['a\u00a0b c', 'é\t😀'.slice(0, 3)], ['a\u00a0b', 'a\vb']],
    ['^.$', ['a', '\r', '\u2028', '😀'], ['\n', 'ab']],
    ['^\\PC*$', ['', 'log line é 😀'], ['a\nb', '\u0000']],
    ['^\\p{Lu}\\pL*[\\p{Nd}-]$', ['Éa7', 'A-'], ['éa7', 'A']],
    ['^\\p{Greek}+\\p{^Greek}$', ['αβ1'], ['ab1', 'αβ']],
    ['^\\x{1F600}\\Q.*\\E$', ['😀.*'], ['😀..', '😁.*']],
    ['^[]a-]\\b', ['a', 'a-'], ['ab', '-', 'b']],
  ])('have the classes of RE2: %s', (pattern, fitting, others) => {
    const regex = compilePattern(pattern)
    expect(fitting.filter(text => !regex.test(text))).toEqual([])
    expect(others.filter(text => regex.test(text))).toEqual([])
  })
  test('are said to be none in the words of Go', () => {
    const faults: readonly (readonly [string, string])[] = [
      ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
      ['(?i', 'invalid or unsupported Perl syntax: `(?i`'],
      ['(a)\\1', 'invalid escape sequence: `\\1`'],
      ['\\u0041', 'invalid escape sequence: `\\u`'],
      ['a\\', 'trailing backslash at end of expression: ``'],
      ['(a', 'missing closing ): `(a`'],
      ['a)', 'unexpected ): `a)`'],
      ['(?i)[abc', 'missing closing ]: `[abc`'],
      ['[z-a]', 'invalid character class range: `z-a`'],
      ['[[:nonsense:]]', 'invalid character class range: `[:nonsense:]`'],
      ['\\p{Nonsense}', 'invalid character class range: `\\p{Nonsense}`'],
      ['a{5,2}', 'invalid repeat count: `{5,2}`'],
      ['((a{100}){100}){100}', 'invalid repeat count: `{100}`'],
      ['*a', 'missing argument to repetition operator: `*`'],
      ['a{2}*', 'invalid nested repetition operator: `{2}*`'],
      ['a{2}{3}', 'invalid nested repetition operator: `{2}{3}`'],
      ['a{2}??', 'invalid nested repetition operator: `{2}??`'],
      ['(?P<1 >a)', 'invalid named capture: `(?P<1 >`'],
    ]
    for (const [bad, message] of faults)
      expect(() => compilePattern(bad), bad).toThrow(new PatternError(`error parsing regexp: ${message}`))
  })
  test('find what fits first, as Perl would prefer it, and then the next', () => {
    expect(found('a|ab', 'abab')).toEqual(['a', 'a'])
    expect(found('(?U)a+', 'aa')).toEqual(['a', 'a'])
    expect(found('b*', 'abb😀')).toEqual(['', 'bb', ''])
    expect(found('\\bk', 'k\u212a k')).toEqual(['k', 'k'])
    expect(found('[0-9]+', '1 22 333', 2)).toEqual(['1', '22'])
  })
  test('that take too many steps on a text are stopped', () => {
    const slow = compilePattern('[ab]*a[ab]{900}c')
    const random = randomFrom(1)
    const letters = Array.from({ length: 100_000 }, () => (random() < 0.5 ? 'a' : 'b'))
    expect(() => slow.test(letters.join(''))).toThrow(new PatternError('the search takes too many steps'))
  })
  test('that are written out too large are refused', () => {
    expect(() => compilePattern('(abcdefghijklmnopqrstuvwxyz){1000}')).toThrow('expression too large')
  })
})
