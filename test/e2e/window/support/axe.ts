// What axe finds on the page as it is shown now, in both themes.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

interface Finding {
  readonly id: string
  readonly impact: string | null
  readonly help: string
  readonly nodes: readonly {
    readonly target: readonly string[]
    readonly html: string
    readonly failureSummary: string
  }[]
}
type Axe = { run: (within: string, options: object) => Promise<{ violations: Finding[] }> }

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

async function findings(page: Page, within: string, runOnly: object): Promise<Finding[]> {
  // Evaluated by the debugger: the page's own content security policy stays as it is.
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(source)
  return page.evaluate(
    async ([selector, only]) => {
      const { axe } = globalThis as unknown as { axe: Axe }
      // Cards of the map shorten names that are too long for them; the whole name is what is read out.
      const isMap = document.querySelector(`${selector} [data-card]`) !== null
      const rules = isMap ? { 'label-content-name-mismatch': { enabled: false } } : {}
      const { violations } = await axe.run(selector, { runOnly: only, rules, resultTypes: ['violations'] })
      return violations
    },
    [within, runOnly] as const,
  )
}

/**
 * Whole in the light theme; in the dark one what depends on it: the contrast.
 * @param within a selector of the part that is looked at
 * @returns serious ones, one a line
 */
export async function seriousFindings(page: Page, place: string, within: string): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.locator(`html[data-theme=${colorScheme}]`).waitFor({ state: 'attached' })
    const only = colorScheme === 'light' ? { type: 'tag', values: RULES } : { type: 'rule', values: ['color-contrast'] }
    for (const { id, impact, nodes } of await findings(page, within, only)) {
      if (impact !== 'serious' && impact !== 'critical') continue
      for (const { target, html, failureSummary } of nodes.slice(0, 5))
        found.push(`${place}, ${colorScheme}: ${id} at ${target.join(' ')} ${html.slice(0, 160)}: ${failureSummary}`)
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  return found
}
