// `app://flotilla/`: the window's files, and the API of the running cluster under `/clusters/local/`.
import { randomBytes } from 'node:crypto'
import { realpath, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { type Session, protocol } from 'electron'
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

/** @param nonce of this page, for the style elements that the editor and the terminal add */
const pageHeaders = (nonce: string) => ({
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
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
    const nonce = randomBytes(16).toString('base64')
    const headers = { ...pageHeaders(nonce), 'content-type': type }
    const content = await readFile(path)
    if (extname(path) !== '.html') return new Response(new Uint8Array(content), { headers })
    const html = content.toString('utf8').replace('<head>', `<head><meta name="style-nonce" content="${nonce}" />`)
    return new Response(html, { headers })
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
