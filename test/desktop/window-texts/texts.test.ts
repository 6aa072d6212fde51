import { describe, expect, it } from 'vitest'
import { german } from '../../../src/renderer/i18n/de/german.ts'
import { states } from '../../../src/renderer/i18n/de/states.ts'
import { blocks, placeholdersOf, said, saidOfHosts, stepNames, stepsInWords, unsaid } from './texts.ts'

const messages: Readonly<Record<string, string>> = german
const keys = Object.keys(messages)

/** What is the same in every language: terms of Kubernetes and its tools, names, commands, and what only a programmer meets. */
const TERMS = new Set([
  ...['Flotilla', 'Helm', 'helm', 'Kubeconfig', 'English', 'Deutsch', 'CPU', 'NAME', 'PNG', 'Ctrl …', 'Esc Tab'],
  ...[
    'TCP',
    'UDP',
    'SCTP',
    'ClusterIP',
    'NodePort',
    'LoadBalancer',
    'Pending',
    'Warning',
    'web',
    'nginx:1.29',
    'shop/web:1.2',
  ],
  ...['flotilla serve', 'flotilla login', ' · … · … CPU · …', 'ada@box-2\nada@10.0.0.7:2222 worker zone=cellar'],
  // What servers write, and the window takes off.
  '(combined from similar events): ',
  'the desktop bridge is missing',
  'a field stands outside of a form',
  'a browser cannot run helm',
  'revoked in the window',
  'unexpected channel …',
])
/** Said where they are shown: states, groups of kinds. */
const SHOWN_LATER = new Set([...Object.keys(states), 'Access Control', 'Custom Resources'])
/** What the palette is searched for, in every language. */
const SEARCHED = /^search\/commands\.ts: [a-z ]+$/

/** Said of two and more, or of a bound. */
const ALWAYS_MANY = new Set([
  'Check {n} hosts',
  'Created {n} objects',
  'More than {n} manifests at once are too many.',
  'Replace {n} files?',
  'service {name} reaches {ready} of {n} pods',
  'the release unpacks to more than {n} bytes',
  '{n} in all namespaces',
  '{n} objects of kind {kind}',
  '{n} pods',
  '{shown} of {n} objects',
])
/** Numbers written by themselves, not by `formatNumber` and its like. */
const OWN_NUMBERS = /\.to(Fixed|Precision|Locale\w*)\(/
/** Coordinates of lines. */
const DRAWN = new Set(['metrics/UsageChart.vue', 'metrics/spark-line.ts'])

describe('texts of the window', () => {
  it('have German for every key that is said', () => {
    expect(said.filter(({ key }) => messages[key] === undefined).map(({ file, key }) => `${file}: ${key}`)).toEqual([])
  })

  it('are all said somewhere', () => {
    const used = new Set(said.map(({ key }) => key))
    expect(keys.filter(key => !used.has(key))).toEqual([])
  })

  it('are there for all that the control plane says of hosts, and for each of its steps', () => {
    expect(saidOfHosts.length).toBeGreaterThan(200)
    const wrong = saidOfHosts.filter(({ key, values }) => placeholdersOf(key).join() !== values?.toSorted().join())
    expect(wrong.map(({ file, key }) => `${file}: ${key}`)).toEqual([])
    expect(stepNames.length).toBeGreaterThan(15)
    expect(stepNames.filter(name => !stepsInWords.includes(name))).toEqual([])
  })

  it('are not empty, and have the same placeholders and forms in both languages', () => {
    for (const [key, text] of Object.entries(messages)) {
      expect(text.trim(), key).not.toBe('')
      expect(placeholdersOf(text), key).toEqual(placeholdersOf(key))
      expect(text.split(' | ').length, key).toBe(key.split(' | ').length)
    }
  })

  it('say one of a thing otherwise than many', () => {
    const plain = keys.filter(key => /\{n\} (\w+ )?[a-z]+s\b/.test(key) && !key.includes(' | '))
    expect(plain.filter(key => !ALWAYS_MANY.has(key))).toEqual([])
  })

  it('are given the values that they name', () => {
    const wrong = said.filter(
      ({ key, values }) => values?.length && placeholdersOf(key).join() !== [...values].sort().join(),
    )
    expect(wrong.map(({ file, key }) => `${file}: ${key}`)).toEqual([])
  })

  it('write numbers as the language does', () => {
    const own = blocks.filter(({ file, code }) => !DRAWN.has(file) && code.some(each => OWN_NUMBERS.test(each)))
    expect(own.map(({ file }) => file)).toEqual([])
  })

  it('stand nowhere as plain English', () => {
    const plain = unsaid(new Set([...TERMS, ...SHOWN_LATER])).filter(each => !SEARCHED.test(each))
    expect(plain).toEqual([])
  })
})
