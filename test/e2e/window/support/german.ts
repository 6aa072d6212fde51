// What a window in German still says in English.
import type { Page } from 'playwright-core'
import { german } from '../../../../src/renderer/i18n/de/german.ts'
import { states } from '../../../../src/renderer/i18n/de/states.ts'

const messages: Readonly<Record<string, string>> = german
const spoken = new Set(Object.values(messages))
/** Of subjects, which are called so everywhere. */
const KINDS = new Set(['User', 'Group'])
/** Whole texts that are something else in German. States are what servers call them, too. */
const ENGLISH = Object.keys(messages).filter(
  key => messages[key] !== key && !spoken.has(key) && !key.includes('{') && !(key in states) && !KINDS.has(key),
)

/** In the page: every text that is read or heard, but for states, names of kinds, and what objects, logs and editors hold. */
const TEXTS = `[...document.querySelectorAll('body *')]
  .filter(each => each.checkVisibility() && !each.closest('.cm-line, .xterm, [role=log], pre, code, [data-tone], [translate=no]'))
  .flatMap(each => [
    ...[...each.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data),
    ...['aria-label', 'title', 'placeholder', 'aria-description'].map(name => each.getAttribute(name) ?? ''),
  ])
  .map(text => text.trim())`

export async function leftInEnglish(page: Page): Promise<string[]> {
  const texts = new Set(await page.evaluate<string[]>(TEXTS))
  return ENGLISH.filter(key => texts.has(key))
}
