// Somebody without a pointer: what is pressed, and where the focus is, which has to be seen.
import type { Page } from 'playwright-core'
import { until } from '../../support/cluster.ts'

/** What has the focus, in words; `unseen` where nothing shows it. In the page's own words, as tests know no document. */
const FOCUSED = `(() => {
  const element = document.activeElement
  if (!element || element === document.body) return 'nothing'
  const { outlineStyle, boxShadow } = getComputedStyle(element)
  const editor = element.closest('.cm-editor')
  const rect = element.querySelector(':scope > rect')
  const isSeen =
    (element.matches(':focus-visible') && outlineStyle !== 'none') ||
    boxShadow !== 'none' ||
    (editor !== null && getComputedStyle(editor).outlineStyle !== 'none') ||
    (rect !== null && getComputedStyle(rect).strokeWidth === '2.5px')
  const words = element.getAttribute('aria-label') ?? element.getAttribute('name') ?? element.textContent.trim()
  const at = element.getAttribute('data-key') ?? element.getAttribute('data-card') ?? words.replace(/\\s+/g, ' ')
  return isSeen ? at : 'unseen: ' + at
})()`
const MOST_TABS = 60

export class Keys {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }
  readonly press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await this.#page.keyboard.press(key)
  }
  readonly type = (text: string): Promise<void> => this.#page.keyboard.type(text)
  readonly focused = (): Promise<string> => this.#page.evaluate<string>(FOCUSED)

  readonly focusOn = (what: RegExp): Promise<true> =>
    until(`the focus is on ${what}`, async () => {
      const found = await this.focused()
      if (what.test(found)) return true
      throw new Error(`it is on ${found}`)
    })
  /** Presses Tab until the focus is where it should go, as people do. @param key `Shift+Tab` = backwards */
  readonly tabTo = async (what: RegExp, key = 'Tab'): Promise<void> => {
    for (let presses = 0; presses < MOST_TABS; presses++) {
      let found = ''
      // An editor draws its focus an instant after it has it.
      await until('the focus is seen', async () => !(found = await this.focused()).startsWith('unseen'))
      if (what.test(found)) return
      await this.press(key)
    }
    throw new Error(`Tab does not lead to ${what}; it is on ${await this.focused()}`)
  }
  /** By the palette. @param label as it is called in the language spoken */
  readonly goTo = async (words: string, label = 'Go to'): Promise<void> => {
    await this.press('Control+k')
    await this.type(words)
    await this.press('Enter')
    await this.#page.getByRole('combobox', { name: label }).waitFor({ state: 'detached' })
  }
}
