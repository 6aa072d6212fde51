// What the app says outside of its window, in the window's language. As there, the English text is its own key.
import type { Language } from '../../preload/channels.ts'
import { german } from './german.ts'

export type Text = keyof typeof german
/** @param values by the names in braces; `n` also chooses between the forms that ` | ` divides */
export type Say = (text: Text, values?: Readonly<Record<string, string | number>>) => string

/** @param language asked each time, as it can be changed */
export const createSay =
  (language: () => Language): Say =>
  (text, values = {}) => {
    const [one = '', many = one] = (language() === 'de' ? german[text] : text).split(' | ')
    return (values['n'] === 1 ? one : many).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
  }

/** Until a window has said which one it speaks. @param locale of the system, such as `de-AT` */
export const systemLanguage = (locale: string): Language => (locale.split('-')[0] === 'de' ? 'de' : 'en')
