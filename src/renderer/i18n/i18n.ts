// What the window says, in the language chosen. The English text is its own key, so that code reads as it sounds;
// `de/` holds the German of every key, and a key without one does not pass the type check.
import { computed, nextTick, shallowRef } from 'vue'
import type { german } from './de/german.ts'

export type Language = 'en' | 'de'
export type MessageKey = keyof typeof german
type Values = Readonly<Record<string, string | number | undefined>>

/** English is spoken by the keys themselves. */
const english = { language: 'en' as Language, texts: new Map<string, string>() }
const spoken = shallowRef(english)

/** A text that is said later, where `t` is called with it: marks it for the test that looks for what is unused. */
export const m = (key: MessageKey): MessageKey => key

/** `one | many`, or the same for both. */
function formOf(text: string, n: number | undefined): string {
  const bar = text.indexOf(' | ')
  if (bar < 0) return text
  return n === 1 || n === undefined ? text.slice(0, bar) : text.slice(bar + 3)
}

/**
 * Says a text. Reactive: called in a template or a computed value, it changes with the language. Lists call it for
 * every row, so that it does no more than it has to.
 *
 * @param values by the names in braces; `n` also chooses between the forms that ` | ` divides
 */
export function t(key: MessageKey, values: Values = {}): string {
  const n = typeof values.n === 'number' ? values.n : undefined
  const form = formOf(spoken.value.texts.get(key) ?? key, n)
  return form.includes('{')
    ? form.replace(/\{(\w+)\}/g, (_, name: string) =>
        name === 'n' && n !== undefined ? formatNumber(n) : String(values[name] ?? ''),
      )
    : form
}

/** Says it translated where it is a text of ours, and as it is where it came from elsewhere: a column, a state. */
export const known = (text: string): string => spoken.value.texts.get(text) ?? text

/** The system's variety of the language spoken, such as `de-AT`. */
const locale = computed(() => {
  const { language } = spoken.value
  return navigator.languages.find(each => each.split('-')[0] === language) ?? language
})

export const isEnglish = (): boolean => spoken.value.language === 'en'

/** A title within a sentence: small in English, as it is in German, where nouns are capital. */
export const inSentence = (title: string): string => (isEnglish() ? title.toLowerCase() : title)

const DAY = { year: 'numeric', month: 'numeric', day: 'numeric' } as const
const TIME = { hour: 'numeric', minute: 'numeric', second: 'numeric' } as const
// Making a format costs a hundred times what using it does.
const numbers = computed(() => new Intl.NumberFormat(locale.value))
const dates = computed(() => new Intl.DateTimeFormat(locale.value, { ...DAY, ...TIME }))
const times = computed(() => new Intl.DateTimeFormat(locale.value, TIME))
/** One that is no time is told as it is. */
const formatted = (format: Intl.DateTimeFormat, time: string | number): string => {
  const at = new Date(time)
  return Number.isNaN(at.getTime()) ? String(time) : format.format(at)
}

export const formatNumber = (value: number): string => numbers.value.format(value)

/** @param time anything that `Date` reads */
export const formatDateTime = (time: string | number): string => formatted(dates.value, time)
export const formatTimeOfDay = (time: string | number): string => formatted(times.value, time)

let wanted: Language = 'en'

/** Switches what is spoken; German is loaded when somebody first wants it. */
export async function speak(language: Language): Promise<void> {
  wanted = language
  const next =
    language === 'de'
      ? { language, texts: new Map<string, string>(Object.entries((await import('./de/german.ts')).german)) }
      : english
  // Who changed their mind while it was loaded has the last word.
  if (wanted !== language) return
  spoken.value = next
  document.documentElement.lang = language
  await nextTick()
}
