// Text in the editor, as somebody changes it who knows what to look for; and where its lines stand.
import type { Locator, Page } from 'playwright-core'

/** @param place what the editor is in */
export async function replaceText(page: Page, place: Locator, from: string, to: string): Promise<void> {
  await place.locator('.cm-content').click()
  await page.keyboard.press('Control+f')
  await place.locator('.cm-search input[name=search]').fill(from)
  await place.locator('.cm-search input[name=replace]').fill(to)
  await place.locator('.cm-search button[name=replaceAll]').click()
  await page.keyboard.press('Escape')
}

/** @returns each line that is seen, behind the number that stands beside it */
export async function numberedLines(place: Locator): Promise<string[]> {
  const rows = (of: string) =>
    place.locator(of).evaluateAll(all =>
      all.map(each => {
        const { top, height } = each.getBoundingClientRect()
        return { top, height, text: each.textContent ?? '' }
      }),
    )
  const lines = await rows('.cm-content > .cm-line')
  const numbers = (await rows('.cm-lineNumbers .cm-gutterElement')).filter(({ text, height }) => text && height > 0)
  return lines.map(line => {
    const beside = numbers.find(({ top }) => Math.abs(top - line.top) < 3)
    return `${beside?.text ?? ''}: ${line.text}`
  })
}
