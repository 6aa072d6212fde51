// `app://flotilla/`: the window's files, and the API of the running cluster under `/clusters/local/`.
import { realpath, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { type Session, protocol } from 'electron'
import { contentPolicy, pageWithNonce, styleNonce } from '../window-page.ts'
import type { ApiForwarder } from './api-forwarder.ts'

export const ORIGIN = 'app://flotilla'
const API = '/clusters/local'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

const pageHeaders = (nonce: string) => ({
  'content-security-policy': contentPolicy(nonce, "worker-src 'self'", "form-action 'none'"),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
})

/** Must run before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: 'app',
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ])
}

const notFound = () => new Response('not found', { status: 404, headers: { 'content-type': 'text/plain' } })

async function file(dir: string, relative: string): Promise<Response> {
  // A path without an ending is a place inside the window: its router knows it.
  const name = extname(relative) === '' ? 'index.html' : relative
  try {
    const root = await realpath(dir)
    const path = await realpath(join(root, name))
    if (!path.startsWith(root + sep)) return notFound()
    const type = TYPES[extname(path)] ?? 'application/octet-stream'
    const nonce = styleNonce()
    const headers = { ...pageHeaders(nonce), 'content-type': type }
    const content = await readFile(path)
    const body = extname(path) === '.html' ? pageWithNonce(content, nonce) : content
    return new Response(new Uint8Array(body), { headers })
  } catch {
    return notFound()
  }
}

/**
 * @param pages only in this session
 * @param dir the built window
 */
export function serveScheme(pages: Session, dir: string, forwarder: ApiForwarder): void {
  pages.protocol.handle('app', async request => {
    const url = new URL(request.url)
    if (url.host !== 'flotilla') return notFound()
    const origin = request.headers.get('origin')
    if (origin !== null && origin !== ORIGIN) return new Response('forbidden', { status: 403 })
    if (url.pathname.startsWith(`${API}/`))
      return forwarder.forward(url.pathname.slice(API.length) + url.search, request)
    if (url.pathname.startsWith('/ui/')) return file(dir, decodeURIComponent(url.pathname.slice('/ui/'.length)))
    return notFound()
  })
}
