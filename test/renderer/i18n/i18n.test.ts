import { afterEach, describe, expect, it } from 'vitest'
import { computed } from 'vue'
import { formatBytes } from '../../../src/renderer/kinds/quantity.ts'
import { amountText } from '../../../src/renderer/metrics/amount.ts'
import {
  formatDateTime,
  formatDecimal,
  formatNumber,
  inSentence,
  known,
  speak,
  t,
  told,
} from '../../../src/renderer/i18n/i18n.ts'

afterEach(() => speak('en'))

describe('what the window says', () => {
  it('is its key in English, with values and the form of the number', () => {
    expect(t('Trying again by itself; the last answer was {outdated} ago.', { outdated: '5m' })).toBe(
      'Trying again by itself; the last answer was 5m ago.',
    )
    expect([0, 1, 2].map(n => t('{n} item | {n} items', { n }))).toEqual(['0 items', '1 item', '2 items'])
  })

  it('changes with the language wherever it is computed, and back', async () => {
    const title = computed(() => t('Settings'))
    expect(title.value).toBe('Settings')
    await speak('de')
    expect([title.value, document.documentElement.lang]).toEqual(['Einstellungen', 'de'])
    expect([1, 2].map(n => t('{n} item | {n} items', { n }))).toEqual(['1 Eintrag', '2 Einträge'])
    await speak('en')
    expect([title.value, document.documentElement.lang]).toEqual(['Settings', 'en'])
  })

  it('says what a control plane said of hosts in its own language, as far as it knows all of it', async () => {
    const [here, away] = [
      { text: '{tool} is missing.', values: { tool: 'nft {tool} $&' } },
      { text: 'Upgrade Docker.' },
    ]
    const english = 'nft is missing. Upgrade Docker.'
    expect(told(english, [here, away])).toBe(english)
    await speak('de')
    expect(told(english, [here, away])).toBe('nft {tool} $& fehlt. Docker aktualisieren.')
    expect(told(english, [here, { text: 'Something of a later release.' }])).toBe(english)
    expect([told(english, []), told(english)]).toEqual([english, english])
  })

  it('says what to do next in the sentence of what failed', async () => {
    await speak('de')
    const failed = { text: '{endpoint} cannot be reached: {error}', values: { endpoint: 'box', error: 'EPERM' } }
    for (const text of [
      'what was done stays done, and it goes on with: {command}',
      'once that is mended: {command}',
      'if it is gone for good, it is forgotten with: {command} --forget',
    ])
      expect(told('', [failed, { text, values: { command: 'flotilla' } }])).toMatch(
        /^box ist nicht erreichbar: EPERM – \p{Ll}.*: flotilla/u,
      )
  })

  it('follows who changes their mind while German is loaded', async () => {
    await Promise.all([speak('de'), speak('en')])
    expect(t('Settings')).toBe('Settings')
  })

  it('takes values as they are, whatever an object is called', async () => {
    const user = "{n} | @:Settings {'x'} <b>"
    expect(t('Log out {user}', { user })).toBe(`Log out ${user}`)
    await speak('de')
    expect(t('Log out {user}', { user })).toBe(`${user} abmelden`)
  })

  it('leaves what came from elsewhere alone', async () => {
    await speak('de')
    const foreign = ['a | b {c}', 'constructor', '__proto__']
    expect(['Columns', ...foreign].map(known)).toEqual(['Spalten', ...foreign])
  })

  it('tells a time that is none as it was given', () => expect(formatDateTime('soon')).toBe('soon'))

  it('writes numbers, and titles within a sentence, as the language does', async () => {
    expect([formatNumber(12345), inSentence('Network Policies')]).toEqual(['12,345', 'network policies'])
    await speak('de')
    expect([formatNumber(12345), inSentence('Network Policies')]).toEqual(['12.345', 'Network Policies'])
  })

  it('writes amounts, sizes and the use of a pod with the point of the language', async () => {
    const amounts = () => [
      formatDecimal(1.25, 1),
      formatDecimal(2, 3, 0),
      formatBytes(1.5 * 2 ** 30),
      formatBytes(1023 * 2 ** 20),
      amountText('cpu', 1.5),
    ]
    expect(amounts()).toEqual(['1.3', '2', '1.5 GiB', '1023 MiB', '1.50'])
    await speak('de')
    expect(amounts()).toEqual(['1,3', '2', '1,5 GiB', '1023 MiB', '1,50'])
  })
})
