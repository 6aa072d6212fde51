// What axe finds on the page as it is shown now, in both themes.
import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Evaluated by the debugger: the page's own content security policy stays as it is. */
async function findings(page: Page, within: string, runOnly: object): Promise<AxeResults['violations']> {
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe.source)
  // Cards of the map shorten names that are too long for them; the whole name is what is read out.
  const isMap = (await page.locator(`${within} [data-card]`).count()) > 0
  const rules = isMap ? { 'label-content-name-mismatch': { enabled: false } } : {}
  const options = { runOnly, rules, resultTypes: ['violations'] }
  return page.evaluate(
    `axe.run(${JSON.stringify(within)}, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
  )
}

/**
 * Whole in the light theme, which stays; in the dark one what depends on it: the contrast.
 * @param within a selector of the part that is looked at
 * @returns serious ones, one a line
 */
export async function seriousFindings(page: Page, place: string, within: string): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.locator(`html[data-theme=${colorScheme}]`).waitFor({ state: 'attached' })
    const only = colorScheme === 'light' ? { type: 'tag', values: RULES } : { type: 'rule', values: ['color-contrast'] }
    for (const { id, impact, nodes } of await findings(page, within, only)) {
      if (impact !== 'serious' && impact !== 'critical') continue
      for (const { target, html, failureSummary } of nodes.slice(0, 5))
        found.push(`${place}, ${colorScheme}: ${id} at ${String(target)} ${html.slice(0, 160)}: ${failureSummary}`)
    }
  }
  return found
}
