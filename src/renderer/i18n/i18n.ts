// What the window says, in the language chosen. The English text is its own key, so that code reads as it sounds;
// `de/` holds the German of every key, and a key without one does not pass the type check.
import { nextTick } from 'vue'
import { createI18n } from 'vue-i18n'
import type { german } from './de/german.ts'

export type Language = 'en' | 'de'
export type MessageKey = keyof typeof german
type Values = Readonly<Record<string, string | number | undefined>>

const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: false,
  // English is spoken by the keys themselves.
  fallbackFormat: true,
  messages: { en: {}, de: {} } as Record<Language, Record<string, string>>,
  missingWarn: false,
  fallbackWarn: false,
  // Keys are sentences: a full stop in them is no path.
  messageResolver: (messages, key) => (messages as Record<string, string>)[key] ?? null,
})
const { global } = i18n

/** A text that is said later, where `t` is called with it: marks it for the test that looks for what is unused. */
export const m = (key: MessageKey): MessageKey => key

/**
 * Says a text. Reactive: called in a template or a computed value, it changes with the language.
 *
 * @param values by the names in braces; `n` also chooses between the forms that ` | ` divides
 */
export function t(key: MessageKey, values: Values = {}): string {
  const { n } = values
  return typeof n === 'number' ? global.t(key, { ...values, n: formatNumber(n) }, n) : global.t(key, values)
}

/** Says it translated where it is a text of ours, and as it is where it came from elsewhere: a column, a state. */
export const known = (text: string): string => global.messages.value[global.locale.value][text] ?? text

/** The system's variety of the language spoken, such as `de-AT`. */
function formatLocale(): string {
  const language = global.locale.value
  return navigator.languages.find(each => each.split('-')[0] === language) ?? language
}

export const isEnglish = (): boolean => global.locale.value === 'en'

/** A title within a sentence: small in English, as it is in German, where nouns are capital. */
export const inSentence = (title: string): string => (isEnglish() ? title.toLowerCase() : title)

export const formatNumber = (value: number): string => new Intl.NumberFormat(formatLocale()).format(value)

/** @param time anything that `Date` reads */
export const formatDateTime = (time: string | number): string => new Date(time).toLocaleString(formatLocale())
export const formatTimeOfDay = (time: string | number): string => new Date(time).toLocaleTimeString(formatLocale())

let wanted: Language = 'en'
let isGermanLoaded = false

/** Switches what is spoken; German is loaded when somebody first wants it. */
export async function speak(language: Language): Promise<void> {
  wanted = language
  if (language === 'de' && !isGermanLoaded) {
    const { german } = await import('./de/german.ts')
    global.setLocaleMessage('de', german)
    isGermanLoaded = true
  }
  // Who changed their mind while it was loaded has the last word.
  if (wanted !== language) return
  global.locale.value = language
  document.documentElement.lang = language
  await nextTick()
}
