// A real Chromium on the window of a cluster, with pictures of it for people who ask for them by FLOTILLA_SCREENSHOTS.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type Page, chromium } from 'playwright-core'
import { NEVER_MS } from '../../support/cluster.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A folder; pictures are taken only for somebody who looks at them. */
const screenshots = process.env.FLOTILLA_SCREENSHOTS

export async function shoot(page: Page, name: string): Promise<void> {
  if (!screenshots) return
  mkdirSync(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`) })
}

/** Goes to a place of the window, such as `k/core/v1/pods`, by a link as it has them itself: nothing is loaded anew. */
export const walk = (page: Page, place: string): Promise<void> =>
  page.evaluate(`(() => {
    const link = Object.assign(document.createElement('a'), { href: ${JSON.stringify(`/ui/${place}`)} })
    link.dataset.place = ''
    document.body.append(link)
    link.click()
    link.remove()
    // What stood there before is gone by then.
    return new Promise(done => setTimeout(done))
  })()`)

/** Until nothing in the window is on its way any more; several places may say that they are loading. */
export const allLoaded = (page: Page): Promise<void> => page.locator(':root:not(:has([data-empty=loading]))').waitFor()

export async function closeDock(page: Page): Promise<void> {
  for (const close of (await page.locator('[data-dock] [aria-label^="Close "]').all()).reverse()) await close.click()
}

export interface OpenWindow extends AsyncDisposable {
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

/** Tests beside this one start pods and hosts, which is no matter of the window's. */
const CHROMIUM = fileURLToPath(new URL('chromium.pl', import.meta.url))
let running: Promise<Browser> | undefined
/** One for all files of a process, with which it ends: windows have nothing in common but the program. */
async function ourBrowser(): Promise<Browser> {
  const before = await running?.catch(() => undefined)
  if (before?.isConnected()) return before
  if (!running) endWithoutDelay()
  // Told to end, the driver would wait for Chromium, longer than it is waited for, and leave its folders there.
  running = chromium.launch({ executablePath: CHROMIUM, args: FLAGS, handleSIGTERM: false })
  return running
}

/** At the exit, the driver ends Chromium and removes its folders at once. */
const endWithoutDelay = () => process.once('SIGTERM', () => process.exit())

/** @param url such as the login link */
export async function openInChromium(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<OpenWindow> {
  const browser = await ourBrowser()
  const context = await browser.newContext({
    // The cluster's own CA is not in the system's store; the window does not depend on it.
    ignoreHTTPSErrors: true,
    viewport: { width: 1440, height: 900 },
    colorScheme,
    reducedMotion: 'reduce',
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
  await page.goto(url)
  return { page, problems, [Symbol.asyncDispose]: () => context.close() }
}
