// A real Chromium on the window of a cluster, with screenshots kept for people to look at.
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type Page, chromium } from 'playwright-core'
import { NEVER_MS } from '../../support/cluster.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const screenshots = process.env.FLOTILLA_SCREENSHOTS ?? join(tmpdir(), 'flotilla-screenshots')

export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`) })
}

/** Until nothing in the window is on its way any more; several places may say that they are loading. */
export const allLoaded = (page: Page): Promise<void> => page.locator(':root:not(:has([data-empty=loading]))').waitFor()

export async function closeDock(page: Page): Promise<void> {
  for (const close of (await page.locator('[data-dock] [aria-label^="Close "]').all()).reverse()) await close.click()
}

export interface OpenWindow extends AsyncDisposable {
  readonly browser: Browser
  readonly page: Page
  /** Errors of the page and refusals of its content security policy. */
  readonly problems: string[]
}

/**
 * Runs in the page. Where text is typed over other text, Chromium wants to give it the style that the old one had, and
 * refuses that to itself; the editor draws its line anew anyway.
 */
const TELL_BROKEN_POLICY = `
  document.addEventListener('securitypolicyviolation', ({ target, sourceFile, violatedDirective, blockedURI }) => {
    const isTyping = !sourceFile && target instanceof Element && target.closest('.cm-content') !== null
    if (!isTyping) console.error('policy broken: ' + violatedDirective + ' ' + blockedURI + ' ' + sourceFile)
  })
`

/** Chromium gives up the page itself when the machine's networks change, as they do when tests beside this one start hosts. */
async function goTo(page: Page, url: string): Promise<void> {
  for (;;)
    try {
      return void (await page.goto(url))
    } catch (error) {
      if (!String(error).includes('ERR_NETWORK_CHANGED')) throw error
    }
}

/** @param url such as the login link */
export async function openInChromium(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<OpenWindow> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
  const context = await browser.newContext({
    // The cluster's own CA is not in the system's store; the window does not depend on it.
    ignoreHTTPSErrors: true,
    viewport: { width: 1440, height: 900 },
    colorScheme,
    permissions: ['clipboard-read', 'clipboard-write'],
    // Somebody who has answered to the offer of a tour.
    storageState: {
      cookies: [],
      origins: [{ origin: new URL(url).origin, localStorage: [{ name: 'flotilla.tour-answered', value: 'true' }] }],
    },
  })
  context.setDefaultTimeout(NEVER_MS)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', error => problems.push(`${error.name}: ${error.message}`))
  await page.addInitScript(TELL_BROKEN_POLICY)
  page.on('console', message => {
    if (/^policy broken|Refused to/.test(message.text())) problems.push(message.text())
  })
  await goTo(page, url)
  return { browser, page, problems, [Symbol.asyncDispose]: () => browser.close() }
}
