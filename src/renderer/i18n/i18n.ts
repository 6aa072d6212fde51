// What the window says, in the language chosen. The English text is its own key, so that code reads as it sounds;
// `de/` holds the German of every key, and a key without one does not pass the type check.
import { computed, nextTick } from 'vue'
import { createI18n } from 'vue-i18n'
import { createPart } from '../lazy/part.ts'
import type { HostText } from '../../shared/api/flotilla/v1.ts'
import { filledIn } from '../../shared/machinery/host-text.ts'
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

const language = computed(() => global.locale.value)
/** Texts without values, as they were said before in this language: lists say the same ones for every row. */
const said = computed(() => ({ language: language.value, texts: new Map<MessageKey, string>() }))
const NONE: Values = {}

/** A text that is said later, where `t` is called with it: marks it for the test that looks for what is unused. */
export const m = (key: MessageKey): MessageKey => key

/**
 * Says a text. Reactive: called in a template or a computed value, it changes with the language.
 *
 * @param values by the names in braces; `n` also chooses between the forms that ` | ` divides
 */
export function t(key: MessageKey, values: Values = NONE): string {
  if (values === NONE) return plain(key)
  const { n } = values
  if (typeof n === 'number') return global.t(key, { ...values, n: formatNumber(n) }, n)
  const text = known(key)
  // Nearly all have nothing but names in braces; lists say them for every row, which the library takes long for.
  return /[|@]|{[^\w}]/.test(text)
    ? global.t(key, values)
    : text.replace(/{(\w+)}/g, (_, name: string) => String(values[name] ?? ''))
}

function plain(key: MessageKey): string {
  const { texts } = said.value
  let text = texts.get(key)
  if (text === undefined) texts.set(key, (text = global.t(key)))
  return text
}

/** Says it translated where it is a text of ours, and as it is where it came from elsewhere: a column, a state. */
export function known(text: string): string {
  const messages = global.messages.value[language.value]
  return Object.hasOwn(messages, text) ? (messages[text] ?? text) : text
}

/**
 * Says what a control plane said in English, where all that it is made of is known here: one of another release may say it
 * otherwise.
 */
export function told(english: string, texts: readonly HostText[] = []): string {
  const messages = global.messages.value[language.value]
  const isKnown = texts.length > 0 && texts.every(({ text }) => Object.hasOwn(messages, text))
  return isKnown ? texts.map(each => filledIn(known(each.text), each)).join(' ') : english
}

/** The system's variety of the language spoken, such as `de-AT`. */
const locale = computed(() => navigator.languages.find(each => each.split('-')[0] === language.value) ?? language.value)

export const isEnglish = (): boolean => language.value === 'en'

/** A title within a sentence: small in English, as it is in German, where nouns are capital. */
export const inSentence = (title: string): string => (isEnglish() ? title.toLowerCase() : title)

const DAY = { year: 'numeric', month: 'numeric', day: 'numeric' } as const
const TIME = { hour: 'numeric', minute: 'numeric', second: 'numeric' } as const
// Making a format costs a hundred times what using it does.
const numbers = computed(() => new Intl.NumberFormat(locale.value))
/** By how many digits stand behind the point, at least and at most. */
const decimals = computed(() => ({ locale: locale.value, formats: new Map<string, Intl.NumberFormat>() }))
const dates = computed(() => new Intl.DateTimeFormat(locale.value, { ...DAY, ...TIME }))
const times = computed(() => new Intl.DateTimeFormat(locale.value, TIME))
/** One that is no time is told as it is. */
const formatted = (format: Intl.DateTimeFormat, time: string | number): string => {
  const at = new Date(time)
  return Number.isNaN(at.getTime()) ? String(time) : format.format(at)
}

export const formatNumber = (value: number): string => numbers.value.format(value)

/** @param least digits behind the point, also where they are zeros */
export function formatDecimal(value: number, most: number, least = most): string {
  const { formats } = decimals.value
  const key = `${least}-${most}`
  const options = { minimumFractionDigits: least, maximumFractionDigits: most, useGrouping: false }
  const format = formats.get(key) ?? new Intl.NumberFormat(decimals.value.locale, options)
  formats.set(key, format)
  return format.format(value)
}

/** @param time anything that `Date` reads */
export const formatDateTime = (time: string | number): string => formatted(dates.value, time)
export const formatTimeOfDay = (time: string | number): string => formatted(times.value, time)

let wanted: Language = 'en'
const germanPart = createPart(async () => (await import('./de/german.ts')).german)

/** Switches what is spoken; German is loaded when somebody first wants it. @throws when it never comes */
export async function speak(chosen: Language): Promise<void> {
  wanted = chosen
  if (chosen === 'de') global.setLocaleMessage('de', await germanPart.get())
  // Who changed their mind while it was loaded has the last word.
  if (wanted !== chosen) return
  global.locale.value = chosen
  document.documentElement.lang = chosen
  await nextTick()
}
