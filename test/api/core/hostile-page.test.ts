// A real browser with a live session visits a hostile page on another port of the same host, over TLS with a trusted
// certificate: the nearest that a foreign page can come, since the browser counts it as the same site.
import { existsSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type BrowserContext, chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import type { SubresourceHandler } from '../../../src/main/apiserver/endpoints/contract.ts'
import { startTestApiServer, testAdmin } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, PODS, raw } from './support/raw.ts'

/** What the page's scripts use; the tests are compiled without the browser's types. */
interface Page {
  readonly document: { readonly cookie: string; readonly forms: { submit(): void }[] }
}

const CHROMIUM = '/usr/bin/chromium'

test.skipIf(!existsSync(CHROMIUM))(
  'a hostile page can neither read, write nor open an upgrade with the session of its visitor',
  { timeout: 60_000 },
  async () => {
    let upgrades = 0
    const handler: SubresourceHandler = {
      group: '',
      resource: 'pods',
      subresource: 'socket',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      methods: { GET: 'get' },
      longRunning: true,
      async handle(request) {
        upgrades++
        request.upgrade?.socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
        return { code: 101, hijacked: true }
      },
    }
    await using server = await startTestApiServer({ subresources: [handler] })
    await raw(server, CONFIG_MAPS, { body: configMap('private', { data: { key: 'the-secret' } }) })
    const { certPem: cert, keyPem: key } = server.pki.serving
    const evil = createServer({ cert, key }, (_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><title>evil</title>')
    })
    await new Promise<void>(resolve => evil.listen(0, '127.0.0.1', resolve))
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    try {
      const context: BrowserContext = await browser.newContext({ ignoreHTTPSErrors: true })
      const own = await context.newPage()
      await own.goto(`${server.url}/version`)
      const token = server.server.issueLoginToken(testAdmin)
      const fromOwn = await own.evaluate(
        async ([path, login]) => {
          await fetch('/ui/login', { method: 'POST', body: JSON.stringify({ token: login }) })
          const read = await fetch(path!)
          const headers = { 'content-type': 'application/json', 'x-flotilla-csrf': '1' }
          const write = await fetch(path!, { method: 'POST', headers, body: '{"metadata":{"name":"own"}}' })
          return { read: read.status, write: write.status, cookie: (globalThis as unknown as Page).document.cookie }
        },
        [CONFIG_MAPS, token],
      )
      // The session works on its own origin, and scripts cannot see it.
      expect(fromOwn).toEqual({ read: 200, write: 201, cookie: '' })

      const page = await context.newPage()
      await page.goto(`https://127.0.0.1:${(evil.address() as AddressInfo).port}/`)
      const attempts = await page.evaluate(
        async ([base, path, pods]) => {
          const attempt = async (init: RequestInit) => {
            try {
              const answer = await fetch(base! + path!, { credentials: 'include', ...init })
              return `${answer.type} ${answer.status} ${await answer.text()}`
            } catch (error) {
              return String(error)
            }
          }
          const body = '{"metadata":{"name":"evil"}}'
          const socket = await new Promise<string>(resolve => {
            const opened = new WebSocket(`${base!.replace('https', 'wss')}${pods}/p/socket`)
            opened.onopen = () => resolve('open')
            opened.onerror = () => resolve('refused')
          })
          return {
            read: await attempt({}),
            opaque: await attempt({ mode: 'no-cors' }),
            plainWrite: await attempt({ method: 'POST', mode: 'no-cors', body }),
            headerWrite: await attempt({ method: 'POST', headers: { 'x-flotilla-csrf': '1' }, body }),
            remove: await attempt({ method: 'DELETE' }),
            socket,
          }
        },
        [server.url, CONFIG_MAPS, PODS],
      )
      for (const [name, result] of Object.entries(attempts)) {
        expect(result, name).not.toContain('the-secret')
        expect(result, name).not.toMatch(/^(basic|cors)/)
      }
      expect(attempts.socket).toBe('refused')
      expect(upgrades).toBe(0)
      // A form needs no permission to be sent: it must not write.
      await page.setContent(
        `<form method=post enctype="text/plain" action="${server.url}${CONFIG_MAPS}"><input name='{"metadata":{"name":"evil"},"data":{"a":"' value='"}}'></form>`,
      )
      await page.evaluate(() => (globalThis as unknown as Page).document.forms[0]!.submit())
      await page.waitForURL(`${server.url}/**`)
      const { json } = await raw(server, CONFIG_MAPS)
      expect(json.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['own', 'private'])
    } finally {
      await browser.close()
      await new Promise(resolve => evil.close(resolve))
    }
  },
)
