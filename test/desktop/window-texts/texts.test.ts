import { describe, expect, it } from 'vitest'
import { german } from '../../../src/renderer/i18n/de/german.ts'
import { placeholdersOf, said, unsaid } from './texts.ts'

const messages: Readonly<Record<string, string>> = german
const keys = Object.keys(messages)

/** Terms that are the same in every language: of Kubernetes, of its tools, and names. */
const TERMS = new Set(['Flotilla', 'Helm', 'Kubeconfig', 'English', 'Deutsch', 'Ctrl …'])
/** Where every text is said by a key. */
const TRANSLATED = /^(components|desktop|favourites|notifications)\//

describe('texts of the window', () => {
  it('have German for every key that is said', () => {
    expect(said.filter(({ key }) => messages[key] === undefined).map(({ file, key }) => `${file}: ${key}`)).toEqual([])
  })

  it('are all said somewhere', () => {
    const used = new Set(said.map(({ key }) => key))
    expect(keys.filter(key => !used.has(key))).toEqual([])
  })

  it('are not empty, and have the same placeholders and forms in both languages', () => {
    for (const [key, text] of Object.entries(messages)) {
      expect(text.trim(), key).not.toBe('')
      expect(placeholdersOf(text), key).toEqual(placeholdersOf(key))
      expect(text.split(' | ').length, key).toBe(key.split(' | ').length)
    }
  })

  it('are given the values that they name', () => {
    const wrong = said.filter(
      ({ key, values }) => values?.length && placeholdersOf(key).join() !== [...values].sort().join(),
    )
    expect(wrong.map(({ file, key }) => `${file}: ${key}`)).toEqual([])
  })

  it('stand nowhere in the templates of translated folders as plain English', () => {
    expect(unsaid(TERMS).filter(each => TRANSLATED.test(each))).toEqual([])
  })
})
