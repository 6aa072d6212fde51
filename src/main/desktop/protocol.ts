// `app://flotilla/`: the window's files, and the API of the running cluster under `/clusters/local/`.
import { realpath, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { protocol } from 'electron'
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

const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    // The editor and the terminal add style elements.
    "style-src 'self' 'unsafe-inline'",
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
}

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
    return new Response(new Uint8Array(await readFile(path)), { headers: { ...PAGE_HEADERS, 'content-type': type } })
  } catch {
    return notFound()
  }
}

/** @param dir the built window */
export function serveScheme(dir: string, forwarder: ApiForwarder): void {
  protocol.handle('app', async request => {
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
