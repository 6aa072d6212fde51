// Files that are dropped on the window, as a file manager does.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'

/** @param files by their paths in the folder that is dropped @returns what takes the folder away, once it was read */
export async function drop(page: Page, files: Readonly<Record<string, string>>): Promise<Disposable> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-drop-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [folder], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 700, y: 400, data })
  await page.getByText('Drop manifests or a folder').waitFor()
  await session.send('Input.dispatchDragEvent', { type: 'drop', x: 700, y: 400, data })
  await session.detach()
  return { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
